"""The table of a drill as Markdown, for docs/drill.md and for whoever was not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.drill._page import COLUMNS, cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heliograph.drill._faults import Drill
    from heliograph.drill._judge import Verdict

__all__ = ["markdown"]

_INTRODUCTION = """\
{passed} of {all} as expected. Seconds since the fault: expression *true*, *due* (true for its `for`), seen *firing*,
*first* and *last* receiver told; *delay* from due to the last one, at most {at_most:g}; *over* since the healing."""


def markdown(verdicts: Sequence[Verdict], drill: Drill) -> str:
    """Return the table, one row for each alert that anyone was told of, and what did not hold below it."""
    passed = sum(verdict.passed for verdict in verdicts)
    lines = [
        _INTRODUCTION.format(passed=passed, all=len(verdicts), at_most=drill.at_most),
        "",
        "| fault | " + " | ".join(COLUMNS) + " | receivers |",
        "|---|---|---|" + "---:|" * (len(COLUMNS) - 2) + "---|",
    ]
    for verdict in verdicts:
        mark = "✓" if verdict.passed else "✗"
        rows = [(*cells(story, verdict), ", ".join(sorted(story.arrived))) for story in verdict.told]
        for number, row in enumerate(rows or [("nobody was told anything", *[""] * len(COLUMNS))]):
            lines.append(f"| {'' if number else f'{mark} {verdict.name}'} | " + " | ".join(row) + " |")
    lines += ["", *_findings(verdicts), *_silenced(verdicts)]
    return "\n".join(lines).rstrip() + "\n"


def _findings(verdicts: Sequence[Verdict]) -> list[str]:
    found = [f"- {verdict.name}: {finding}" for verdict in verdicts for finding in verdict.findings]
    return ["Did not hold:", "", *found, ""] if found else []


def _silenced(verdicts: Sequence[Verdict]) -> list[str]:
    """List what fired and reached nobody, because another alert said it already."""
    rows = [
        f"- {verdict.name}: " + ", ".join(sorted({f"{s.name} {s.severity}" for s in held}))
        for verdict in verdicts
        if (held := [s for s in verdict.seen.stories if not s.told])
    ]
    return ["Fired, and rightly held back by Alertmanager:", "", *rows, ""] if rows else []
