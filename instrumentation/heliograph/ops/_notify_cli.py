"""`heliograph notify-test CHANNEL`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from heliograph._options import PORT_OFFSET, server
from heliograph.errors import HeliographError
from heliograph.ops._alertmanager import Alertmanager
from heliograph.ops._inbox_client import InboxClient
from heliograph.ops._notify import CHANNELS, Delivered, Trial
from heliograph.stack._address import address

__all__ = ["notify_test"]


@click.command()
@click.argument("channel", type=click.Choice(CHANNELS), metavar="CHANNEL")
@click.option("--team", metavar="NAME", help="The channel that this team has of its own (teams.channels).")
@click.option("--tenant", metavar="NAME", help="The channel that hears of this tenant (routing.tenants).")
@server("alertmanager")
@server("inbox", "inbox_http")
@PORT_OFFSET
@click.option("--timeout", type=click.FloatRange(0.1), default=60.0, show_default=True, help="Seconds to wait.")
@click.option("--json", "as_data", is_flag=True, help="Report as JSON, failures too.")
def notify_test(
    *,
    channel: str,
    team: str | None,
    tenant: str | None,
    alertmanager: str | None,
    inbox: str | None,
    offset: int,
    timeout: float,
    as_data: bool,
) -> None:
    """Send a test notification to CHANNEL through Alertmanager, and wait until it is delivered.

    CHANNEL is inbox, slack, email, sms, pagerduty, opsgenie, msteams, discord, telegram, webhook or deadman; or one
    receiver of a channel with one for each severity, such as slack-critical. The alert HeliographNotifyTest goes to
    that channel only and is over at once: a second message, [RESOLVED], follows about ten seconds later (not to
    deadman, for which the test is one more sign of life). In the inbox the mail and the webhook are looked for,
    elsewhere Alertmanager's counters tell.

    \b
    Examples:
      heliograph notify-test inbox
      heliograph notify-test slack-critical --timeout 20
      heliograph notify-test pagerduty --team search

    Exit status: 0 delivered, 1 not delivered or no answer from Alertmanager, 2 wrong options or the channel is off.
    """  # noqa: D301 - \b is click's
    server = Alertmanager(alertmanager or address(offset, "alertmanager"))
    box = InboxClient(inbox or address(offset, "inbox_http"))
    try:
        trial = Trial(channel, server, box, of=_whose(team, tenant), hint=_log_hint(offset))
        if not as_data:
            click.echo(
                f"{channel}: handing run {trial.id} to Alertmanager for {', '.join(trial.receivers)} ...", err=True
            )
        done = trial.run(timeout)
    except HeliographError as error:
        if as_data:
            failed = {"channel": channel, "delivered": False, "error": error.what, "why": error.why, "next": error.hint}
            click.echo(json.dumps(failed))
        raise
    click.echo(json.dumps({"channel": channel, "delivered": True, **asdict(done)}) if as_data else _words(done))


def _whose(team: str | None, tenant: str | None) -> tuple[str, str] | None:
    if team is not None and tenant is not None:
        raise click.UsageError("--team and --tenant have channels of their own: test one, then the other.")
    return ("team", team) if team is not None else ("tenant", tenant) if tenant is not None else None


def _words(done: Delivered) -> str:
    each = ", ".join(f"{count} {name}" for name, count in sorted(done.deliveries.items()))
    return f"{done.channel}: delivered after {done.seconds:g} s ({each})"


def _log_hint(offset: int) -> str:
    of = f" --port-offset {offset}" if offset else ""
    return (
        f"its log says more: heliograph logs alertmanager{of}, or with Docker: "
        "docker compose -f docker-compose.observability.yml logs alertmanager"
    )
