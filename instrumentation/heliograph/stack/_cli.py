"""`heliograph up`, `down`, `status`, `logs`: the stack from the command line."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph.errors import HeliographError
from heliograph.stack._launch import last_lines
from heliograph.stack._ports import MAX_OFFSET
from heliograph.stack._stack import Stack, grafana_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from rich.status import Status

    from heliograph.stack._launch import ServerStatus

__all__ = ["down", "logs", "status", "up"]

_MIB = 1024 * 1024
_QUIET_SECONDS = 10.0  # between two signs of life of a build where there is no terminal


def _which_stack(command: Callable[..., None]) -> Callable[..., None]:
    """Add the two options that say which stack is meant."""
    command = click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of its configuration, data and logs.  [default: stack-<offset> in the user's state folder]",
    )(command)
    return click.option(
        "--port-offset",
        "offset",
        type=click.IntRange(0, MAX_OFFSET),
        default=0,
        show_default=True,
        help="Add this to every port, to run beside another stack.",
    )(command)


@click.command()
@_which_stack
@click.option(
    "--config",
    "overlays",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML file that changes some of heliograph.yaml; may be repeated, the last one wins.",
)
@click.option("--foreground", is_flag=True, help="Stay, and stop the stack at Ctrl-C or SIGTERM.")
@click.option("--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds to get ready.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def up(
    offset: int, state: Path | None, overlays: tuple[Path, ...], foreground: bool, timeout: float, as_json: bool
) -> None:
    """Start the stack on this machine, without Docker.

    Builds the servers that are missing (about ten minutes, once), starts them on 127.0.0.1 and waits until all are
    ready. They keep running in the background and are restarted when they die; `heliograph down` stops them.

    \b
    Examples:
      heliograph up
      heliograph up --config my.yaml          # thresholds, channels, links of your own
      heliograph up --port-offset 100         # a second stack beside the first
    """  # noqa: D301 - \b is click's
    stack = Stack(offset, state, overlays)
    stopped = _StopRequest() if foreground else None
    was_running = stack.running
    if was_running and not as_json:
        click.echo("The stack is already running." + (" --config is read at the start only." if overlays else ""))
    with _Told(quiet=as_json) as told:
        stack.up(timeout=timeout, progress=told.say)
    _report(stack, as_json=as_json)
    if stopped is not None:
        _stay(stack, stopped)


@click.command()
@_which_stack
@click.option("--wipe", is_flag=True, help="Delete its data, logs and configuration as well.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@click.option("--timeout", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Seconds before killing.")
def down(offset: int, state: Path | None, wipe: bool, yes: bool, timeout: float) -> None:
    """Stop the stack; its data stays.

    The collector ends first and puts what it accepted on disk; then the stores.

    \b
    Examples:
      heliograph down
      heliograph down --wipe --yes            # and forget everything it stored
    """  # noqa: D301 - \b is click's
    stack = Stack(offset, state)
    root = stack.workspace.root
    if wipe and root.exists() and not yes:
        click.confirm(f"Delete everything the stack stored in {root}?", abort=True)
    with _Told(quiet=False) as told:
        ran = stack.down(timeout=timeout, progress=told.say)
    click.echo("The stack is stopped." if ran else "The stack was not running.")
    if wipe:
        stack.wipe()
        click.echo(f"Its data in {root} is deleted.")


@click.command()
@_which_stack
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def status(offset: int, state: Path | None, as_json: bool) -> None:
    """Say which servers run, where, and how they feel.

    Ends with 1 when the stack does not run or a server is not ready.

    \b
    Examples:
      heliograph status
      heliograph status --json | jq '.servers[] | select(.ready | not)'
    """  # noqa: D301 - \b is click's
    stack = Stack(offset, state)
    servers = _report(stack, as_json=as_json)
    if not servers or not all(server.ready for server in servers):
        raise SystemExit(1)


@click.command()
@click.argument("name")
@_which_stack
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(min=0), default=50, show_default=True, help="How many to begin with.")
def logs(name: str, offset: int, state: Path | None, follow: bool, lines: int) -> None:
    """Show the log of one server (prometheus, loki, jaeger, alertmanager, collector, inbox, grafana, supervisor).

    \b
    Example:
      heliograph logs collector -f
    """  # noqa: D301 - \b is click's
    path = Stack(offset, state).log_path(name)
    if not path.exists():
        raise HeliographError(f"{name} has no log yet.", why=f"{path} does not exist", hint="heliograph up")
    for line in last_lines(path, lines):
        click.echo(line)
    if follow:
        for line in _follow(path):
            click.echo(line, nl=False)


# --- what a person sees -----------------------------------------------------------------------------------------


class _Told:
    """Shows progress: what is done as lines, what goes on below them on a terminal and now and then elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._status: Status | None = None
        self._said = 0.0

    def __enter__(self) -> _Told:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status("")
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
        else:
            from rich.text import Text

            self._status.update(Text(text))


def _report(stack: Stack, *, as_json: bool) -> list[ServerStatus]:
    servers = stack.status()
    note = grafana_note() if all(server.name != "grafana" for server in servers) else ""
    if as_json:
        report = {
            "running": bool(servers),
            "ready": bool(servers) and all(server.ready for server in servers),
            "offset": stack.offset,
            "state": str(stack.workspace.root),
            "ports": asdict(stack.ports),
            "urls": stack.urls if servers else {},
            "servers": [asdict(server) for server in servers],
            "notes": {"grafana": note} if note else {},
        }
        click.echo(json.dumps(report, indent=2))
        return servers
    if not servers:
        click.echo("The stack is not running. Start it: heliograph up" + _offset_option(stack))
        return servers
    _print_table(servers)
    if note:
        click.echo(f"grafana is {note}")
    click.echo(f"Send OTLP to {stack.urls.get('otlp', '')} (HTTP) or 127.0.0.1:{stack.ports.otlp_grpc} (gRPC).")
    click.echo(f"Data and logs: {stack.workspace.root}")
    return servers


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
            str(server.pid or "–"),
            f"{server.rss_bytes / _MIB:.0f} MiB" if server.rss_bytes else "–",
            _duration(server.uptime) if server.pid else "–",
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


# --- staying ----------------------------------------------------------------------------------------------------


class _StopRequest:
    """Turns SIGTERM into the same orderly end as Ctrl-C."""

    def __init__(self) -> None:
        signal.signal(signal.SIGTERM, self._raise)

    @staticmethod
    def _raise(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt


def _stay(stack: Stack, request: _StopRequest) -> None:
    del request
    try:
        while stack.running:
            time.sleep(1.0)
    except KeyboardInterrupt:
        stack.down()
        click.echo("The stack is stopped.")
        return
    raise HeliographError("The supervisor ended unexpectedly.", hint="heliograph logs supervisor")


def _follow(path: Path) -> Iterator[str]:
    """Yield new lines as they come; a log that was cut is read on from its new beginning."""
    with path.open(encoding="utf-8", errors="replace") as log:
        log.seek(0, os.SEEK_END)
        while True:
            line = log.readline()
            if line:
                yield line
                continue
            if path.exists() and path.stat().st_size < log.tell():
                log.seek(0)
            time.sleep(0.25)
