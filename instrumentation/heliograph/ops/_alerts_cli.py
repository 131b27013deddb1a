"""`heliograph alerts`."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from heliograph._options import PORT_OFFSET, server
from heliograph.ops._alertmanager import Alertmanager
from heliograph.ops._alerts import alerts_of, pending_of
from heliograph.stack._address import address

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from heliograph.ops._alerts import Alert

__all__ = ["ago", "alerts"]

_WATCH_SECONDS = 5.0
_COLOURS = {"firing": "red", "pending": "yellow"}
_WIDE = 400  # characters: into a file or a pipe nothing is folded


@click.command()
@click.option("--team", metavar="NAME", help="Of this team only.")
@click.option("--severity", type=click.Choice(["critical", "warning", "info"]), help="Of this severity only.")
@click.option("--all", "everything", is_flag=True, help="Also what nobody is told of (severity info, Watchdog).")
@click.option("--watch", is_flag=True, help="Show it again every five seconds, until Ctrl-C.")
@click.option("--json", "as_data", is_flag=True, help="Answer as JSON.")
@server("alertmanager")
@server("prometheus")
@server("loki")
@PORT_OFFSET
def alerts(
    *,
    team: str | None,
    severity: str | None,
    everything: bool,
    watch: bool,
    as_data: bool,
    alertmanager: str | None,
    prometheus: str | None,
    loki: str | None,
    offset: int,
) -> None:
    """Show what fires: since when, whose it is, how bad, and who was told.

    \b
    firing     it was sent to the receivers of the last column
    pending    true, but not yet for as long as the rule asks
    silenced   somebody acknowledged it (heliograph ack --list)
    inhibited  another alert is its cause, and was sent
    muted      not at this time (routing.business_hours, routing.mute_times)

    \b
    Examples:
      heliograph alerts
      heliograph alerts --team search --severity critical
      heliograph alerts --json | jq -r '.alerts[] | select(.state == "firing") | .alert'

    Exit status: 0, whatever fires; 1 when Alertmanager does not answer.
    """  # noqa: D301 - \b is click's
    server = Alertmanager(alertmanager or address(offset, "alertmanager"))
    rulers = {
        "Prometheus": prometheus or address(offset, "prometheus"),
        "Loki": (loki or address(offset, "loki")) + "/prometheus",
    }

    def wanted(alert: Alert) -> bool:
        own = alert.labels.get("severity", "")
        return (
            (everything or own != "info" or severity == "info")
            and (team is None or alert.labels.get("team") == team)
            and (severity is None or own == severity)
        )

    while True:
        held = alerts_of(server)
        pending = {name: pending_of(url, held) for name, url in rulers.items()}
        silent = sorted(name for name, found in pending.items() if found is None)
        shown = [one for one in [*held, *(one for found in pending.values() for one in found or ())] if wanted(one)]
        shown.sort(key=lambda one: one.order())
        if as_data:
            click.echo(json.dumps({"alerts": [one.as_dict() for one in shown], "no_answer_from": silent}))
        else:
            if watch:
                click.clear()
            _show(shown, silent, everything=everything)
        if not watch:
            return
        time.sleep(_WATCH_SECONDS)


def ago(then: datetime, now: datetime | None = None) -> str:
    """Return how long ago, in its two largest units: `3d 4h`, `12m 5s`."""
    rest = max(0, int(((now or datetime.now(UTC)) - then).total_seconds()))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def _show(shown: list[Alert], silent: list[str], *, everything: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    if shown:
        console.print(_table(shown, wide=not console.is_terminal))
    else:
        click.echo("No alert." if everything else "No alert. (--all: also those that nobody is told of)")
    for name in silent:
        click.echo(f"{name} does not answer: its pending alerts are not shown.", err=True)


def _table(shown: list[Alert], *, wide: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    columns: dict[str, Callable[[Alert], str]] = {
        "State": lambda one: one.state,
        "Level": lambda one: " ".join(filter(None, (one.labels.get("level"), one.labels.get("severity")))),
        "Alert": lambda one: one.name,
        "About": lambda one: one.about,
        "Value": lambda one: one.annotations.get("value", ""),
        "For": lambda one: ago(one.since),
        "Team": lambda one: one.labels.get("team", ""),
        "Told": lambda one: ", ".join(one.receivers) if one.state == "firing" else "-",
    }
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=wide or name in {"State", "For"}, overflow="fold")
    for one in shown:
        # Text, not markup: a label may hold brackets.
        table.add_row(*(Text(cell(one), style=_COLOURS.get(one.state, "dim")) for cell in columns.values()))
    return table
