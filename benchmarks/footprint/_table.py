"""A table of results, for a terminal and for a page."""

from __future__ import annotations

import statistics
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Table", "middle", "ratio"]


@dataclass(frozen=True, slots=True)
class Table:
    """One benchmark's result: `title` says what was asked, `notes` how; `raw` is everything that was measured."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: str = ""
    raw: Any = field(default=None, repr=False)

    def text(self) -> str:
        """Give the table for a terminal."""
        cells = [list(self.head), *map(list, self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if not number else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in cells
        ]
        return "\n".join([self.title, "", *lines, "", textwrap.fill(self.notes, 110)])

    def markdown(self) -> str:
        """Give the table for a page."""
        lines = [
            f"| {' | '.join(self.head)} |",
            f"|---|{'---:|' * (len(self.head) - 1)}",
            *(f"| {' | '.join(row)} |" for row in self.rows),
        ]
        return "\n".join([f"**{self.title}**", "", *lines, "", textwrap.fill(self.notes, 118)])


def middle(values: Iterable[float]) -> float:
    """Give the median; 0 of nothing."""
    found = list(values)
    return statistics.median(found) if found else 0.0


def ratio(values: Iterable[float], others: Iterable[float]) -> float:
    """Give the median of the ratios of two series that were measured in turns."""
    return middle(value / other for value, other in zip(values, others, strict=True) if other)
