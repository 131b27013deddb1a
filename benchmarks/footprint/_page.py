"""The tables in docs/footprint.md, between markers, with the machine and the command that made each."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.footprint._table import Table

__all__ = ["write"]

_PAGE: Final = Path(__file__).parents[2] / "docs" / "footprint.md"


def write(tables: Mapping[str, Table], options: Sequence[str] = ()) -> None:
    """Put each table between its part's markers, with the options that made it. Raises SystemExit where they lack."""
    page = _PAGE.read_text()
    for part, table in tables.items():
        begin, end = f"<!-- begin {part} -->", f"<!-- end {part} -->"
        if begin not in page or end not in page:
            raise SystemExit(f"{_PAGE} has no place for the part {part}: {begin} … {end}")
        made = f"`{' '.join(('python -m benchmarks.footprint', part, *options))}`, on {_machine()}."
        head, tail = page.split(begin)[0], page.split(end)[1]
        page = f"{head}{begin}\n{table.markdown()}\n\n{made}\n{end}{tail}"
    _PAGE.write_text(page)


def _machine() -> str:
    cores = os.cpu_count() or 1
    python = platform.python_version()
    load = os.getloadavg()[0]
    return f"{platform.machine()} with {cores} cores, {platform.system()}, Python {python}, load {load:.1f} at the end"
