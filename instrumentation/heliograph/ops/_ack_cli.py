"""`heliograph ack ALERT`."""

from __future__ import annotations

import getpass
import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from heliograph._options import PORT_OFFSET, server
from heliograph.config._types import seconds
from heliograph.ops._ack import Ack, Wish, acknowledge, expire, listed
from heliograph.ops._alertmanager import Alertmanager
from heliograph.stack._address import address

__all__ = ["ack"]


class _Length(click.ParamType[timedelta]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:  # noqa: ANN401
        if isinstance(value, timedelta):
            return value
        try:
            length = seconds(str(value))
        except ValueError:
            length = 0.0
        if length <= 0:
            self.fail(f"{value!r} is no duration such as 30m, 2h or 1d", param, ctx)
        return timedelta(seconds=length)


class _Pair(click.ParamType[tuple[str, str]]):
    name = "label=value"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, str]:
        label, sign, text = str(value).partition("=")
        if not sign or not label.isidentifier():
            self.fail(f"{value!r} is not label=value, such as model=gpt-4o", param, ctx)
        return label, text


@click.command()
@click.argument("alert", required=False)
@click.option("--service", metavar="NAME", help="Only of this service (label job).")
@click.option("--env", metavar="NAME", help="Only in this environment (label deployment_environment_name).")
@click.option("match", "--match", type=_Pair(), multiple=True, help="Only with this label; repeat for several.")
@click.option("length", "--for", type=_Length(), default="2h", show_default=True, help="How long: 30m, 2h, 1d.")
@click.option("--why", metavar="TEXT", help="What you know, and do about it: the next one reads it.")
@click.option("--by", metavar="NAME", help="Who you are.  [default: your user name]")
@click.option("--force", is_flag=True, help="Also when it does not fire now.")
@click.option("show", "--list", is_flag=True, help="List what is acknowledged, and until when.")
@click.option("over", "--expire", metavar="ID", help="End an acknowledgement; the beginning of its id is enough.")
@click.option("--json", "as_data", is_flag=True, help="Answer as JSON.")
@server("alertmanager")
@PORT_OFFSET
def ack(
    *,
    alert: str | None,
    service: str | None,
    env: str | None,
    match: tuple[tuple[str, str], ...],
    length: timedelta,
    why: str | None,
    by: str | None,
    force: bool,
    show: bool,
    over: str | None,
    as_data: bool,
    alertmanager: str | None,
    offset: int,
) -> None:
    """Acknowledge ALERT: nobody is told of it again for a while.

    Each alert of that name that fires now is silenced in Alertmanager, with exactly its labels: the same alert of
    another service, or a worse tier of this one, is still sent. It stays visible in `heliograph alerts`. When it ends
    meanwhile, nothing is sent; docs/alerting.md says what happens when it comes back.

    \b
    Examples:
      heliograph ack HighLLMErrorRate --service assistant --for 2h --why "provider is at it, ticket 4711"
      heliograph ack HighQuotaUse --match model=gpt-4o --for 30m --why "batch job until noon"
      heliograph ack --list
      heliograph ack --expire 52db60d2

    Exit status: 0 done, 1 it does not fire or Alertmanager does not answer, 2 wrong options.
    """  # noqa: D301 - \b is click's
    if sum((alert is not None, show, over is not None)) != 1:
        raise click.UsageError("Give the name of an alert, or --list, or --expire ID.")
    server = Alertmanager(alertmanager or address(offset, "alertmanager"))
    if show:
        found = listed(server)
        _say(found, as_data=as_data, lead="", none="Nothing is acknowledged.")
    elif over is not None:
        ended = expire(server, over)
        _say([ended], as_data=as_data, lead="Ended: ", none="")
    else:
        if not why:
            raise click.UsageError('Say why: --why "…" is what the next one reads.')
        labels = dict(match)
        labels |= {"job": service} if service is not None else {}
        labels |= {"deployment_environment_name": env} if env is not None else {}
        until = datetime.now(UTC).replace(microsecond=0) + length
        done = acknowledge(server, Wish(str(alert), labels), until, by=by or _whoami(), why=why, force=force)
        _say(done, as_data=as_data, lead="Silenced: ", none="")


def _say(acks: list[Ack], *, as_data: bool, lead: str, none: str) -> None:
    if as_data:
        click.echo(json.dumps({"silences": [one.as_dict() for one in acks]}))
        return
    for one in acks:
        labels = dict(one.labels)
        name = labels.pop("alertname", "")
        rest = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
        until = one.until.astimezone().strftime("%Y-%m-%d %H:%M %Z")
        before = lead if one.new else "Was silenced already: "
        click.echo(f"{before}{name}{' ' if name and rest else ''}{rest}")
        click.echo(f"  until {until} by {one.by}: {one.why}")
        click.echo(f"  id {one.id}")
    if not acks and none:
        click.echo(none)


def _whoami() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return f"somebody on {socket.gethostname()}"
