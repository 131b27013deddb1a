"""Options that the operator's commands share: which stack they talk to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import click

from heliograph.stack._ports import MAX_OFFSET

__all__ = ["ALERTMANAGER", "PORT_OFFSET", "Url"]


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


ALERTMANAGER = click.option(
    "--alertmanager", type=Url(), help="Its address.  [default: this machine's, port 9093 + offset]"
)
PORT_OFFSET = click.option(
    "--port-offset", "offset", type=click.IntRange(0, MAX_OFFSET), default=0, show_default=True, help="Of the stack."
)
