"""Addresses on a command line."""

from __future__ import annotations

import click

__all__ = ["HostPort"]


class HostPort(click.ParamType[tuple[str, int]]):
    """`HOST:PORT`, with brackets around the host where it is an IPv6 address. `example` is shown with a mistake."""

    name = "host:port"

    def __init__(self, example: str) -> None:
        self._example = example

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Read an address; fails as an option does, with exit status 2."""
        if isinstance(value, tuple):
            return value
        host, _, port = value.rpartition(":")
        if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:  # noqa: PLR2004 - TCP's last
            self.fail(f"{value!r} is not HOST:PORT, such as {self._example}", param, ctx)
        return host.removeprefix("[").removesuffix("]"), int(port)
