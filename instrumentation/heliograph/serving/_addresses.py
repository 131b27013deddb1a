"""Where a server listens."""

from __future__ import annotations

import socket
from typing import Final

from heliograph.errors import HeliographError

__all__ = ["Address", "listen", "url_of"]

Address = tuple[str, int]
"""Host and port; port 0 takes a free one."""

_BACKLOG: Final = 2048
"""Connections that wait to be accepted. Linux may reset those of a burst beyond it, instead of having them wait."""


def listen(address: Address, *, who: str, hint: str) -> socket.socket:
    """Listen on TCP; raises HeliographError, with `who` ("The meter") in it, when the address cannot be had."""
    host, port = address
    try:
        family, kind, protocol, _, resolved = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(resolved)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise HeliographError(
            f"{who} cannot listen on {host}:{port}.", why=error.strerror or str(error), hint=hint
        ) from error
    return listener


def url_of(address: Address) -> str:
    """Give the base URL of a server."""
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
