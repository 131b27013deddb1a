"""`heliograph reload`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from heliograph._options import config_files, which_stack
from heliograph.config.diff import as_plain, as_text, compare, unified
from heliograph.reload._native import Draft, carry_out, draft
from heliograph.reload._view import exit_status, show
from heliograph.stack._cli_view import Told
from heliograph.stack._stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["reload"]


@click.command()
@which_stack
@config_files(" from now on instead of the files it runs with")
@click.option("--shipped", is_flag=True, help="Lay nothing over heliograph.yaml from now on.")
@click.option("--diff", is_flag=True, help="Only say what would change; exit 1 when something would.")
@click.option("--unified", "as_lines", is_flag=True, help="With --diff: the lines of the files.")
@click.option("--all", "everything", is_flag=True, help="With --diff: words and links of alerts, too.")
@click.option("--restart", is_flag=True, help="Start anew the servers that read a changed setting at their start only.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def reload(
    *,
    offset: int,
    state: Path | None,
    overlays: tuple[Path, ...],
    shipped: bool,
    diff: bool,
    as_lines: bool,
    everything: bool,
    restart: bool,
    as_json: bool,
) -> None:
    """Have the running stack (`heliograph up`) take a changed configuration.

    Renders again, has promtool and amtool check it, replaces the files, and makes each server read them: Prometheus and
    Alertmanager at once, Loki's ruler and Grafana by themselves within a minute. Each is asked whether it did. When one
    refuses, the old files come back. Alerts that fire go on firing.

    \b
    Examples:
      heliograph reload                             # after editing a file that the stack was started with
      heliograph reload --config my.yaml --diff     # what would that change?
      heliograph reload --config my.yaml

    Exit status: 0 in force, 1 refused (or --diff found changes), 2 the configuration is wrong or nothing runs,
    3 in force but for servers that must be started anew (--restart).
    """  # noqa: D301 - \b is click's
    if shipped and overlays:
        raise click.UsageError("--shipped and --config exclude each other.")
    drafted = draft(Stack(offset, state, overlays), tuple(overlays) if overlays or shipped else None)
    changes = compare(drafted.before, drafted.files)
    if diff:
        _tell(drafted, everything=everything, as_lines=as_lines, as_json=as_json)
        raise SystemExit(1 if drafted.changed or drafted.restarts or drafted.come_and_go else 0)
    with Told(quiet=as_json, doing="reloading") as told:
        report, checked = carry_out(drafted, restart=restart, progress=told.say)
    if not as_json:
        for line in as_text(changes, everything=everything):
            click.echo(line)
    show(report, changes, as_json=as_json, restart_hint="heliograph reload --restart", checked=checked)
    raise SystemExit(exit_status(report))


def _tell(drafted: Draft, *, everything: bool, as_lines: bool, as_json: bool) -> None:
    changes = compare(drafted.before, drafted.files)
    if as_json:
        said = {
            "changes": as_plain(changes),
            "files": sorted(drafted.changed),
            "restarts": drafted.restarts,
            "come_and_go": drafted.come_and_go,
        }
        click.echo(json.dumps(said, indent=2))
        return
    for line in unified(drafted.before, drafted.files) if as_lines else as_text(changes, everything=everything):
        click.echo(line)
    for name, what in drafted.restarts.items():
        click.echo(f"{name} must be started anew: {what}")
    for name in drafted.come_and_go:
        click.echo(f"{name} comes or goes with `heliograph down` and `heliograph up`")
    if not (drafted.changed or drafted.restarts or drafted.come_and_go):
        click.echo("Nothing would change.")
