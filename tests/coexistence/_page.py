"""The table of docs/coexistence.md, from the results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.coexistence._cell import PHASES
from tests.coexistence._rows import BESIDE, FIRST, ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.coexistence._results import RowResult, Verdict

__all__ = ["PAGE", "read_table", "table", "write"]

PAGE: Final = Path(__file__).parents[2] / "docs" / "coexistence.md"
_BEGIN: Final = "<!-- the matrix: written by `make coexistence` -->"
_END: Final = "<!-- end of the matrix -->"
_FIRST: Final = {"peer": "set up before", "heliograph": "set up after"}
_SAID: Final = {"right": "right, but", "wrong": "**wrong**"}
_LONGEST: Final = 400  # characters of a reason


class _Notes:
    """Reasons, each once, under its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, reason: str) -> int:
        return self._numbers.setdefault(reason, len(self._numbers) + 1)

    def lines(self) -> Iterator[str]:
        for reason, number in self._numbers.items():
            yield f"{number}. {reason}"


def table(results: Mapping[str, RowResult]) -> str:
    """Make the table and its notes."""
    notes = _Notes()
    body = [_line(name, results[name], notes) for name in ROWS if name in results]
    days = sorted({result.date for result in results.values()})
    pythons = ", ".join(sorted({result.python for result in results.values()}))
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    head = [
        f"`make coexistence`, {when}, Python {pythons}:",
        "",
        "| beside heliograph | versions | alone: chat | stream | + official: chat | stream | + ours: chat | stream |",
        "|---|---|---|---|---|---|---|---|",
    ]
    said = list(notes.lines())
    return "\n".join([*head, *body, *(["", *said] if said else [])]) + "\n"


def read_table(page: Path = PAGE) -> str:
    """Take the table from the page; raises ValueError where the page has no markers."""
    text = page.read_text(encoding="utf-8")
    begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    return text[begin:end].strip() + "\n"


def write(results: Mapping[str, RowResult], page: Path = PAGE) -> None:
    """Put the table into the page, between its markers."""
    text = page.read_text(encoding="utf-8")
    begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    page.write_text(f"{text[:begin]}\n\n{table(results)}\n{text[end:]}", encoding="utf-8")


def _line(name: str, result: RowResult, notes: _Notes) -> str:
    row = ROWS[name]
    versions = "<br>".join(f"{each} {result.versions[each]}" for each in dict.fromkeys((*row.shown, "openai")))
    cells = [
        _said({first: result.cells[beside][first][phase] for first in FIRST}, notes)
        for beside in BESIDE
        for phase in PHASES
    ]
    return f"| {row.title} | {versions} | {' | '.join(cells)} |"


def _said(verdicts: Mapping[str, Verdict], notes: _Notes) -> str:
    """Say both orders in one word where they agree, else each."""
    if len(set(verdicts.values())) == 1:
        return _one(next(iter(verdicts.values())), notes)
    return "; ".join(f"{_FIRST[first]}: {_one(verdict, notes)}" for first, verdict in verdicts.items())


def _one(verdict: Verdict, notes: _Notes) -> str:
    if not verdict.reason:
        return verdict.state
    reason = " ".join(verdict.reason.split()).replace("|", "\\|")[-_LONGEST:]
    return f"{_SAID.get(verdict.state, verdict.state)} ({notes.number(reason)})"
