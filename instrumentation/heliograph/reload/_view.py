"""What `heliograph reload` and `heliograph generate --reload` say."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from heliograph.config.diff import Change, as_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heliograph.reload._apply import Report

__all__ = ["NOT_EVERYWHERE", "REFUSED", "exit_status", "show"]

REFUSED, NOT_EVERYWHERE = 1, 3
_COLOURS = {"took it": "green", "restarted": "green", "refused": "red", "silent": "red"}


def exit_status(report: Report) -> int:
    """Return 0 when the change is in force everywhere, 1 when a server refused it, 3 when some do not have it yet."""
    if report.back:
        return REFUSED
    return 0 if report.in_force else NOT_EVERYWHERE


def show(report: Report, changes: Sequence[Change], *, as_json: bool, restart_hint: str, **more: Any) -> None:  # noqa: ANN401
    """Print the report; `more` goes into the JSON."""
    if as_json:
        outcomes = {outcome.server: asdict(outcome) for outcome in report.outcomes}
        said = {"in_force": report.in_force, "taken_back": report.back, "servers": outcomes, **more}
        click.echo(json.dumps(said | {"changes": as_plain(changes)}, indent=2))
        return
    if all(outcome.state == "unchanged" for outcome in report.outcomes):
        click.echo("Nothing to do: this is what runs.")
        return
    for outcome in report.outcomes:
        state = click.style(f"{outcome.state:<16}", fg=_COLOURS.get(outcome.state))
        click.echo(f"  {outcome.server:<13} {state} {outcome.note}".rstrip())
    if report.back:
        click.echo("heliograph: refused; the files are the old ones again, and so is what runs.", err=True)
    elif any(outcome.state == "needs a restart" for outcome in report.outcomes):
        click.echo(f"heliograph: not everything is in force yet. {restart_hint}", err=True)
