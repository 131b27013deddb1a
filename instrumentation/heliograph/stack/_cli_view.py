"""What `heliograph up`, `down` and `status` show: progress on stderr, the report on stdout."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import click

from heliograph.stack._plan import PLAN, read_plan
from heliograph.stack._ports import Ports
from heliograph.stack._stack import Stack, grafana_note
from heliograph.stack._sync_writes import power_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.status import Status

    from heliograph.stack._observe import ServerStatus

__all__ = ["Told", "report"]

_MIB = 1024 * 1024
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_QUIET_SECONDS = 10.0  # between two signs of life of a build where there is no terminal


class Told:
    """Shows progress: what is done as lines, what goes on below them on a terminal and now and then elsewhere."""

    def __init__(self, *, quiet: bool, doing: str = "waiting for the servers") -> None:
        self._quiet = quiet
        self._doing = doing
        self._status: Status | None = None
        self._said = 0.0

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status(self._doing)
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, text: str) -> None:
        """Take note of one step, such as "loki: ready after 1.9 s"."""
        if self._quiet:
            return
        lasting = text.startswith("build ") is False
        if self._status is None:
            if lasting or time.monotonic() - self._said > _QUIET_SECONDS:
                self._said = time.monotonic()
                click.echo(f"  {text}", err=True)
        elif lasting:
            self._status.console.print(f"  {text}", markup=False, highlight=False)
            self._status.update(self._doing)
        else:
            from rich.text import Text

            self._status.update(Text(text))


def report(stack: Stack, *, as_json: bool) -> list[ServerStatus]:
    servers = stack.status()
    notes = {
        "grafana": grafana_note() if all(server.name != "grafana" for server in servers) else "",
        "power": power_note(read_plan(stack.workspace.root / PLAN)),
    }
    if as_json:
        report = {
            "running": bool(servers),
            "ready": bool(servers) and all(server.ready for server in servers),
            "offset": stack.planned_offset,
            "state": str(stack.workspace.root),
            "ports": asdict(Ports.at(stack.planned_offset)),
            "urls": stack.urls if servers else {},
            "servers": [asdict(server) for server in servers],
            "notes": {name: note for name, note in notes.items() if note},
        }
        click.echo(json.dumps(report, indent=2))
        return servers
    if not servers:
        click.echo("The stack is not running. Start it: heliograph up" + _offset_option(stack))
        return servers
    _print_table(servers)
    if notes["grafana"]:
        click.echo(f"grafana is {notes['grafana']}")
    if notes["power"]:
        click.echo(notes["power"])
    for line in _addresses(stack.urls.get("otlp", ""), Ports.at(stack.planned_offset).otlp_grpc):
        click.echo(line)
    click.echo(f"Data and logs: {stack.workspace.root}")
    return servers


def _addresses(otlp: str, grpc: int) -> Iterator[str]:
    """Say where telemetry goes; of an exposed stack (TLS) also that nobody elsewhere can follow a link to localhost."""
    parts = urlsplit(otlp)
    host = parts.hostname or "localhost"
    yield f"Send OTLP to {otlp} (HTTP) or {f'[{host}]' if ':' in host else host}:{grpc} (gRPC)."
    if parts.scheme == "https" and host in _THIS_MACHINE:
        yield (
            f"These addresses, and the links in notifications, say {host}: set external_url in heliograph.yaml to the "
            "name by which others reach this machine."
        )


def _print_table(servers: Sequence[ServerStatus]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("server", "state", "pid", "memory", "up for", "restarts", "address"):
        table.add_column(column, justify="right" if column in {"pid", "memory", "restarts"} else "left", no_wrap=True)
    for server in servers:
        table.add_row(
            server.name,
            f"[{'green' if server.ready else 'red'}]{server.state}[/]",
            str(server.pid or "-"),
            f"{server.rss_bytes / _MIB:.0f} MiB" if server.rss_bytes else "-",
            _duration(server.uptime) if server.pid else "-",
            str(server.restarts),
            server.url,
        )
    total = sum(server.rss_bytes or 0 for server in servers)
    table.add_row("", "", "", f"{total / _MIB:.0f} MiB", "", "", "", style="dim")
    # A pipe has no width: nothing must be cut there.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _offset_option(stack: Stack) -> str:
    return f" --port-offset {stack.offset}" if stack.offset else ""
