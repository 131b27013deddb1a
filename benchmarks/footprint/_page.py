"""The tables in docs/footprint.md, each between markers of its own, with the command, the day and the machine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks._machine import machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.footprint._table import Table

__all__ = ["PAGE", "check", "write"]

PAGE: Final = Path(__file__).parents[2] / "docs" / "footprint.md"


def check(parts: Iterable[str], page: Path = PAGE) -> None:
    """Raise SystemExit where a part has no place on the page: before it has been measured for minutes."""
    text = page.read_text(encoding="utf-8")
    for part in parts:
        for marker in _markers(part):
            if text.count(marker) != 1:
                raise SystemExit(f"{page} has no place for the part {part}: {' … '.join(_markers(part))}")


def write(part: str, table: Table, options: Sequence[str] = (), *, before: float = 0.0, page: Path = PAGE) -> None:
    """Put a part's table between its markers, and leave everything else alone.

    `options` are those that it was made with, `before` the processes to a core when it began. Raises SystemExit where
    the page has no place for it.
    """
    check([part], page)
    text = page.read_text(encoding="utf-8")
    begin, end = _markers(part)
    made = (
        f"`{' '.join(('python -m benchmarks.footprint', part, *options))}`, {dt.datetime.now(dt.UTC):%Y-%m-%d}, "
        f"{machine()}; {before:.1f} processes to a core before."
    )
    head, tail = text.split(begin)[0], text.split(end)[1]
    page.write_text(f"{head}{begin}\n{table.markdown()}\n\n{made}\n{end}{tail}", encoding="utf-8")


def _markers(part: str) -> tuple[str, str]:
    return f"<!-- begin {part} -->", f"<!-- end {part} -->"
