"""`heliograph notify-test CHANNEL`."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from heliograph.errors import HeliographError
from heliograph.ops._alertmanager import Alertmanager
from heliograph.ops._inbox_client import InboxClient
from heliograph.stack._ports import Ports

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["notify_test"]

_INTEGRATIONS = {"email": "email", "inbox": "email", "slack": "slack", "sms": "sns"}
_POLL_SECONDS = 0.5


@click.command()
@click.argument("channel", type=click.Choice(sorted(_INTEGRATIONS)))
@click.option("--alertmanager", metavar="URL", help="Its address.  [default: this machine's, port 9093 + offset]")
@click.option("--port-offset", type=click.IntRange(0, 50_000), default=0, show_default=True, help="Of the stack.")
@click.option("--timeout", type=click.FloatRange(1), default=60.0, show_default=True, help="Seconds to wait.")
@click.option("--json", "as_data", is_flag=True, help="Report as JSON.")
def notify_test(*, channel: str, alertmanager: str | None, port_offset: int, timeout: float, as_data: bool) -> None:
    """Send a test notification to CHANNEL through Alertmanager, and wait until it is delivered.

    Posts the alert HeliographNotifyTest, which heliograph.yaml's routing sends to that channel only, and resolves it
    afterwards. For the inbox the message itself is looked for, for the others Alertmanager's own counters.

    Example:
        heliograph notify-test inbox

    Exit code 0: delivered; 1: not delivered, or Alertmanager does not answer; 2: wrong input.
    """
    ports = Ports.at(port_offset)
    server = Alertmanager(alertmanager.rstrip("/") if alertmanager else f"http://127.0.0.1:{ports.alertmanager}")
    if not any(name.split("-")[0] == channel for name in server.receivers()):
        raise HeliographError(
            f"The channel {channel} is off.",
            hint=f"set channels.{channel}.enabled: true in heliograph.yaml and start the stack with it",
        )
    run = uuid.uuid4().hex[:8]
    inbox = InboxClient(f"http://127.0.0.1:{ports.inbox_http}")
    sent, failed = server.deliveries(_INTEGRATIONS[channel])

    def delivered() -> bool:
        if channel == "inbox":
            return any(run in json.dumps(message["body"]) for message in inbox.messages())
        good, bad = server.deliveries(_INTEGRATIONS[channel])
        if bad > failed:
            raise HeliographError(
                f"Alertmanager could not deliver to {channel}.", hint="heliograph logs alertmanager says why"
            )
        return good > sent

    began = time.monotonic()
    alert = {
        "labels": {"alertname": "HeliographNotifyTest", "channel": channel, "severity": "info", "job": f"test-{run}"},
        "annotations": {"summary": "A test of this channel.", "description": f"Nothing is wrong. Run {run}."},
        "startsAt": datetime.now(UTC).isoformat(),
    }
    server.post([alert])
    try:
        _wait(delivered, timeout, channel)
    finally:
        server.post([alert | {"endsAt": datetime.now(UTC).isoformat()}])
    seconds = round(time.monotonic() - began, 1)
    if as_data:
        click.echo(json.dumps({"channel": channel, "delivered": True, "seconds": seconds, "run": run}))
    else:
        click.echo(f"{channel}: delivered after {seconds} s (run {run})")


def _wait(done: Callable[[], bool], timeout: float, channel: str) -> None:
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > timeout:
            raise HeliographError(
                f"Nothing reached {channel} within {timeout:.0f} s.", hint="heliograph logs alertmanager"
            )
        time.sleep(_POLL_SECONDS)
