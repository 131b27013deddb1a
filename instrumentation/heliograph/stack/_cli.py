"""`heliograph up`, `down`, `status`, `logs`: the stack from the command line."""

from __future__ import annotations

import signal
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heliograph._options import config_files, which_stack
from heliograph.errors import HeliographError
from heliograph.stack._cli_view import Told, report
from heliograph.stack._stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from heliograph.secure._overlay import Exposed

__all__ = ["down", "logs", "status", "up"]


@click.command()
@which_stack
@config_files()
@click.option(
    "--overlay",
    type=click.Choice(["exposed"]),
    help="exposed: TLS, tokens and passwords, for a stack that others reach (docs/security.md).",
)
@click.option(
    "--listen",
    default="0.0.0.0",  # noqa: S104 - with --overlay exposed only
    show_default=True,
    help="With --overlay exposed: the address for OTLP, Prometheus, Alertmanager, Jaeger and Grafana.",
)
@click.option(
    "--secrets",
    "secrets_folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --overlay exposed: the folder that `heliograph secrets init` made.",
)
@click.option("--foreground", is_flag=True, help="Stay, and stop the stack at Ctrl-C or SIGTERM.")
@click.option("--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds to get ready.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def up(
    *,
    offset: int,
    state: Path | None,
    overlays: tuple[Path, ...],
    overlay: str | None,
    listen: str,
    secrets_folder: Path | None,
    foreground: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Start the stack on this machine, without Docker.

    Builds the servers that are missing (about ten minutes, once), starts them on 127.0.0.1 and waits until all are
    ready. They keep running in the background and are restarted when they die; `heliograph down` stops them.

    \b
    Examples:
      heliograph up
      heliograph up --config my.yaml          # thresholds, channels, links of your own
      heliograph up --port-offset 100         # a second stack beside the first
      heliograph up --overlay exposed         # reachable from elsewhere, after `heliograph secrets init`
    """  # noqa: D301 - \b is click's
    stack = Stack(offset, state, overlays, exposed=_exposed(listen, secrets_folder) if overlay else None)
    if stack.running and not as_json:
        click.echo("The stack is already running." + (" Have it take --config: heliograph reload." if overlays else ""))
    if foreground:
        signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        with Told(quiet=as_json) as told:
            stack.up(timeout=timeout, progress=told.say)
        report(stack, as_json=as_json)
        if foreground:
            _stay(stack)
    except KeyboardInterrupt:
        if not (foreground and stack.down()):  # interrupted while starting: `Stack.up` has stopped everything
            raise
        click.echo("The stack is stopped.")


@click.command()
@which_stack
@click.option("--wipe", is_flag=True, help="Delete its data, logs and configuration as well.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@click.option(
    "--timeout", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Seconds before killing."
)
def down(*, offset: int, state: Path | None, wipe: bool, yes: bool, timeout: float) -> None:
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
    with Told(quiet=False) as told:
        ran = stack.down(timeout=timeout, progress=told.say)
    click.echo("The stack is stopped." if ran else "The stack was not running.")
    if wipe:
        stack.wipe()
        click.echo(f"Its data in {root} is deleted.")


@click.command()
@which_stack
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def status(*, offset: int, state: Path | None, as_json: bool) -> None:
    """Say which servers run, where, and how they feel.

    Ends with 1 when the stack does not run or a server is not ready.

    \b
    Examples:
      heliograph status
      heliograph status --json | jq '.servers[] | select(.ready | not)'
    """  # noqa: D301 - \b is click's
    stack = Stack(offset, state)
    servers = report(stack, as_json=as_json)
    if not servers or not all(server.ready for server in servers):
        raise SystemExit(1)


@click.command()
@click.argument("name")
@which_stack
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), default=50, show_default=True, help="How many to begin with."
)
def logs(*, name: str, offset: int, state: Path | None, follow: bool, lines: int) -> None:
    """Show the log of one server (prometheus, loki, jaeger, alertmanager, collector, inbox, grafana, supervisor).

    \b
    Example:
      heliograph logs collector -f
    """  # noqa: D301 - \b is click's
    path = Stack(offset, state).log_path(name)
    if not path.exists():
        raise HeliographError(f"{name} has no log yet.", why=f"{path} does not exist", hint="heliograph up")
    for line in _read(path, lines, follow=follow):
        click.echo(line, nl=False)


def _exposed(listen: str, folder: Path | None) -> Exposed:
    from heliograph.secure._folder import default_folder
    from heliograph.secure._overlay import Exposed

    return Exposed(str((folder or default_folder()).absolute()), listen)


# --- staying ----------------------------------------------------------------------------------------------------


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    """Give SIGTERM the orderly end of Ctrl-C."""
    del number, frame
    raise KeyboardInterrupt


def _stay(stack: Stack) -> None:
    while stack.running:
        time.sleep(1.0)
    raise HeliographError("The supervisor ended unexpectedly.", hint="heliograph logs supervisor")


def _read(path: Path, count: int, *, follow: bool) -> Iterator[str]:
    """Yield the last `count` lines and, with `follow`, new ones as they come.

    A log that was cut is read on from its new beginning.
    """
    with path.open(encoding="utf-8", errors="replace") as log:
        yield from deque(log, maxlen=count)
        while follow:
            line = log.readline()
            if line:
                yield line
                continue
            if path.exists() and path.stat().st_size < log.tell():
                log.seek(0)
            time.sleep(0.25)
