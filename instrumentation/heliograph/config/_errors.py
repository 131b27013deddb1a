"""What is wrong with a configuration, where it stands, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from heliograph.errors import HeliographError

__all__ = ["ConfigError", "Key", "Place", "Places", "Problem"]

Key = tuple[str | int, ...]
"""The way to a value: `("alerts", "HighLLMLatency", "for")`."""


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file; line 0 means the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


Places = Mapping[Key, Place]


@dataclass(frozen=True)
class Problem:
    """One thing to mend: `what` is wrong at `key` (or at `place`, where no key could be read), and the `fix`."""

    key: Key
    what: str
    fix: str
    place: Place | None = field(default=None, compare=False)

    def at(self, places: Places) -> Problem:
        """Return the problem with its place: that of the key, else of the nearest parent that was written."""
        if self.place is not None:
            return self
        for length in range(len(self.key), -1, -1):
            if found := places.get(self.key[:length]):
                return Problem(self.key, self.what, self.fix, found)
        return Problem(self.key, self.what, self.fix, Place("(values set by the program)", 0))

    def __str__(self) -> str:
        name = ".".join(str(part) for part in self.key)
        return f"{self.place}: {name + ': ' if name else ''}{self.what}\n      {self.fix}"


class ConfigError(HeliographError):
    """The configuration cannot be used; lists all its problems, in the order of the lines."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems), key=_order))
        count = len(self.problems)
        super().__init__(
            f"the configuration has {count} problem{'' if count == 1 else 's'}; nothing was written.",
        )

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {problem}" for problem in self.problems)])

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)


def _order(problem: Problem) -> tuple[Place, str]:
    return problem.place or Place("", 0), str(problem)


def display(path: Path) -> str:
    """Return the path as a person would type it: relative where it lies below the working directory."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
