"""`heliograph build`: the servers from their Go modules, with a progress that says something."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from typing import TYPE_CHECKING, Self

import click

from heliograph.stack._build import SERVERS, TOOLS, BuildEvent, NotBuiltError, binary, prune
from heliograph.stack._build import build as build_servers
from heliograph.stack._versions import recipe_of, recipes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from rich.progress import Progress, TaskID

__all__ = ["build"]

_PLAIN_EVERY = 20.0  # seconds between two plain lines about the same state


@click.command()
@click.argument("names", nargs=-1)
@click.option("--tools", is_flag=True, help="Also the tools that only tests and maintainers need.")
@click.option("--list", "only_list", is_flag=True, help="Say what is pinned and what is built; build nothing.")
@click.option("--prune", "only_prune", is_flag=True, help="Remove builds of other versions; build nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def build(names: tuple[str, ...], *, tools: bool, only_list: bool, only_prune: bool, as_json: bool) -> None:
    """Build the servers of the stack into the user cache; those already there are left alone.

    NAMES are servers, tools or single binaries such as promtool; without any, everything the stack needs. A cold build
    of all five servers takes about a quarter of an hour on two cores and up to 14 GB of disk for Go's own caches. It
    needs Go, but neither Docker nor root.
    """
    for name in names:
        recipe_of(name)
    if only_list:
        _print_list(names or (*SERVERS, *TOOLS), as_json=as_json)
        return
    if only_prune:
        gone = [str(folder) for folder in prune()]
        click.echo(json.dumps(gone, indent=2) if as_json else "\n".join(gone) or "Nothing to remove.")
        return
    wanted = [*(names or SERVERS), *(TOOLS if tools else ())]
    with _ended_by_signals(), _Show() as show:
        paths = build_servers(wanted, progress=show)
    if as_json:
        click.echo(json.dumps({name: str(path) for name, path in paths.items()}, indent=2))
        return
    for name, path in paths.items():
        click.echo(f"{name:<15} {path}")


def _print_list(names: tuple[str, ...], *, as_json: bool) -> None:
    rows = []
    for recipe in recipes().values():
        for name in recipe.binaries:
            if not {name, recipe.name} & set(names):
                continue
            try:
                path = binary(name)
            except NotBuiltError:
                path = None
            rows.append(
                {
                    "name": name,
                    "version": recipe.version,
                    "built": path is not None,
                    "bytes": path.stat().st_size if path else None,
                    "path": str(path) if path else None,
                }
            )
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        size = f"{row['bytes'] / 1e6:.0f} MB" if isinstance(row["bytes"], int) else ""
        click.echo(f"{row['name']:<15} {row['version']:<9} {size:>7}  {row['path'] or 'not built'}")


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Treat a closed terminal and a plain `kill` like Ctrl-C: go ends with us. What `nohup` ignores stays ignored."""

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    old = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in old.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


class _Show:
    """Show events on standard error: a live line on a terminal, else a plain line now and then."""

    def __init__(self) -> None:
        self._live: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._live = Progress(
                SpinnerColumn(finished_text=" "),
                TextColumn("{task.description}", markup=False),
                TimeElapsedColumn(),
                TextColumn("{task.fields[hint]}", style="dim", markup=False),
                console=Console(stderr=True),
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: BuildEvent) -> None:
        if self._live is None:
            self._plain(event)
            return
        text = f"[{event.index}/{event.total}] {event.name:<14} {event.state:<11}"
        ended = event.state in {"done", "cached", "failed"}
        hint = "" if event.state in {"done", "cached"} else event.hint
        if event.name not in self._tasks:
            self._tasks[event.name] = self._live.add_task(text, total=1, hint=hint)
        self._live.update(self._tasks[event.name], description=text, hint=hint, completed=int(ended))

    def _plain(self, event: BuildEvent) -> None:
        """Print every change of state at once, and a sign of life from time to time."""
        state, at = self._said.get(event.name, ("", 0.0))
        now = time.monotonic()
        if event.state == state and now - at < _PLAIN_EVERY:
            return
        self._said[event.name] = (event.state, now)
        line = f"[{event.index}/{event.total}] {event.name} {event.state} after {event.elapsed:.0f} s"
        click.echo(f"{line}: {event.hint}" if event.hint else line, err=True)
