"""What a drill found: for a terminal, and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from heliograph.demo._alerts import AlertStory
    from heliograph.drill._faults import Drill, Fault
    from heliograph.drill._judge import Verdict

__all__ = ["COLUMNS", "as_json", "cells", "list_faults", "show"]

COLUMNS = ("alert", "severity", "true", "due", "firing", "first", "last", "delay", "over")
"""Of one alert, in seconds: `first` and `last` receiver that was told; `delay` since due, `over` since the healing."""


def show(verdicts: Sequence[Verdict], drill: Drill, console: Console) -> None:
    """Print the table."""
    console.print()
    console.rule("[bold]What was broken, and who was told[/bold]", align="left")
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    table.add_column("fault", no_wrap=True)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in COLUMNS[:2] else "right", no_wrap=True)
    for verdict in verdicts:
        mark = Text.assemble(("✓", "green") if verdict.passed else ("✗", "red"), f" {verdict.name}")
        rows = [cells(story, verdict) for story in verdict.told] or [("-", *[""] * (len(COLUMNS) - 1))]
        for number, row in enumerate(rows):
            table.add_row("" if number else mark, *row)
        for finding in verdict.findings:
            table.add_row("", Text(str(finding), style="red"))
    console.print(table)
    passed = sum(verdict.passed for verdict in verdicts)
    slowest = max((v.slowest for v in verdicts if v.slowest is not None), default=None)
    said = "" if slowest is None else f"; the slowest message came {slowest:.0f} s after it was due"
    console.print(
        f"\n{passed} of {len(verdicts)} as expected{said} (at most {drill.at_most:g} s). Seconds: true, due (true "
        "for its `for`), firing, first and last receiver told since the fault; delay from due to the last; over since "
        "the healing.",
        soft_wrap=True,
        highlight=False,
    )


def cells(story: AlertStory, verdict: Verdict) -> tuple[str, ...]:
    """Return the row of one alert, in the order of `COLUMNS`."""
    first, last = min(story.arrived.values()), max(story.arrived.values())
    over = max(story.over.values(), default=None) if story.over.keys() >= story.arrived.keys() else None
    since = verdict.seen.injected
    return (
        f"{story.name} {story.job}" if story.name == "ServiceDown" else story.name,
        story.severity,
        _after(story.true, since),
        _after(story.due, since),
        _after(story.firing, since),
        _after(first, since),
        _after(last, since),
        _after(last, story.due),
        _after(over, verdict.seen.healed),
    )


def as_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return everything as data; times are Unix times in seconds."""
    return {"faults": [_verdict(verdict) for verdict in verdicts]}


def list_faults(drill: Drill, faults: Sequence[Fault], *, as_data: bool) -> None:
    """Print which faults there are."""
    if as_data:
        data = {"faults": [fault.model_dump() for fault in faults], "not_drilled": drill.not_drilled}
        click.echo(json.dumps(data, indent=2))
        return
    width = max(len(fault.name) for fault in faults)
    for fault in faults:
        click.echo(f"{fault.name:<{width}}  {fault.what}")
        click.echo(f"{'':<{width}}  → {', '.join(map(str, fault.notify))}")
    click.echo("\nNot drilled:")
    for name, why in drill.not_drilled.items():
        click.echo(f"{name:<{width}}  {why}")


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "what": verdict.what,
        "ok": verdict.passed,
        "expected": verdict.expected,
        "injected": verdict.seen.injected,
        "healed": verdict.seen.healed,
        "quiet": verdict.seen.quiet,
        "slowest_seconds": verdict.slowest,
        "findings": [{"kind": finding.kind, "text": finding.text} for finding in verdict.findings],
        "alerts": [
            {
                "alert": story.name,
                "severity": story.severity,
                "job": story.job,
                "true": story.true,
                "due": story.due,
                "firing": story.firing,
                "silenced": story.silenced,
                "arrived": story.arrived,
                "over": story.over,
            }
            for story in verdict.seen.stories
        ],
    }


def _after(moment: float | None, since: float | None) -> str:
    return "-" if moment is None or since is None else f"{moment - since:.0f}"
