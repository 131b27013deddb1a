"""What is wrong with prices that someone wrote, and what to write instead."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Mistake", "PriceError", "nearest"]


class Mistake(NamedTuple):
    """One thing to mend: `what` is wrong at `key` (the way to the value), and the `fix`; `line` 0 is not known."""

    key: tuple[str | int, ...]
    what: str
    fix: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        name = ".".join(str(part) for part in self.key)
        return f"{': '.join(part for part in (place, name, self.what) if part)}\n      {self.fix}"


class PriceError(HeliographError):
    """Prices that cannot be used; lists all mistakes."""

    exit_code = 2

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(sorted(set(mistakes), key=lambda m: (m.file, m.line, str(m))))
        count = len(self.mistakes)
        super().__init__(f"the prices have {count} problem{'' if count == 1 else 's'}.")

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {mistake}" for mistake in self.mistakes)])


def nearest(name: str, known: Sequence[str]) -> str:
    """Return the fix for a name that is not known."""
    if near := difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6):
        return f"did you mean {near[0]!r}?"
    return f"known here: {', '.join(known)}"
