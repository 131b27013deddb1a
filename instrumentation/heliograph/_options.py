"""Options that many commands have, said once: files over heliograph.yaml, addresses of servers, which stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import click

from heliograph.stack._ports import MAX_OFFSET, Ports

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FREE_PORT_OFFSET", "PORT_OFFSET", "Url", "config_files", "server", "which_stack"]

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")
_USUAL: Final = Ports.at(0)


class Url(click.ParamType[str]):
    """The address of a server, without a slash at its end."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Return the address; fails for what is none."""
        try:
            parts = urlsplit(value)
            whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number
            whole = False
        if not whole:
            self.fail(f"{value!r} is not an address such as http://127.0.0.1:9093", param, ctx)
        return str(value).rstrip("/")


def config_files(what_for: str = "") -> Callable[[Decorated], Decorated]:
    """Add `--config FILE`, as often as one likes; the command gets `overlays`, a tuple of paths.

    `what_for` goes on after "heliograph.yaml" in the help. Files that do not exist are reported by
    `heliograph.config.load`, with all that is wrong in the others.
    """
    return click.option(
        "overlays",
        "--config",
        metavar="FILE",
        multiple=True,
        type=click.Path(path_type=Path),
        help=f"Lay FILE over heliograph.yaml{what_for}; repeat for several, the last one wins.",
    )


def server(name: str, port: str | None = None) -> Callable[[Decorated], Decorated]:
    """Add `--NAME URL`: where a server is, None for this machine. `port` is its field of `Ports`, if not `name`."""
    usual = getattr(_USUAL, port or name)
    return click.option(f"--{name}", type=Url(), help=f"Its address.  [default: this machine's, port {usual} + offset]")


def which_stack(command: Decorated) -> Decorated:
    """Add `--port-offset` and `--state`, which say which stack of this machine is meant."""
    state = click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of its configuration, data and logs.  [default: stack-<offset> in the user's state folder]",
    )
    return _port_offset("Add this to every port, to run beside another stack.")(state(command))


def _port_offset(says: str) -> Callable[[Decorated], Decorated]:
    return click.option(
        "--port-offset", "offset", type=click.IntRange(0, MAX_OFFSET), default=0, show_default=True, help=says
    )


PORT_OFFSET: Final = _port_offset("Of the stack.")
"""Adds `--port-offset` for commands that ask a stack's servers, wherever its folder is; they get `offset`."""
FREE_PORT_OFFSET: Final = click.option(
    "--port-offset",
    "offset",
    type=click.IntRange(0, MAX_OFFSET),
    help="Add this to every port.  [default: the first of 0, 100, 200, ... that is free]",
)
"""The same for commands that start a stack of their own; None: they look for a free one."""
