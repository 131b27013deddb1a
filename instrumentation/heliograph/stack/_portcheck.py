"""Find out before the start whether the ports are free, and who has those that are not."""

from __future__ import annotations

import contextlib
import errno
import socket
from dataclasses import asdict
from typing import TYPE_CHECKING

import psutil

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heliograph.stack._ports import Ports
    from heliograph.stack._servers import Server

__all__ = ["check_ports"]


def check_ports(servers: Sequence[Server], ports: Ports, *, offset: int) -> None:
    """Raise HeliographError naming each port that is taken, for which server, and by which process if that is known."""
    numbers = asdict(ports)
    taken = [
        (number, server.name, field)
        for server in servers
        for field in server.ports
        if not _is_free(number := numbers[field])
    ]
    if not taken:
        return
    holders = _holders({number for number, _, _ in taken})
    lines = [
        f"port {number} ({server}, {field.replace('_', ' ')}) is used by {holders.get(number, 'another process')}"
        for number, server, field in taken
    ]
    raise HeliographError(
        "The stack cannot start: " + ("a port is" if len(taken) == 1 else f"{len(taken)} ports are") + " taken.",
        why="\n        ".join(lines),
        hint=f"stop that process, or run beside it: heliograph up --port-offset {offset + 100}",
    )


def _is_free(port: int) -> bool:
    """Say whether a server could listen on 127.0.0.1:port now.

    SO_REUSEADDR, as the servers themselves do: connections that are only closing do not count as taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError as error:
            return error.errno not in {errno.EADDRINUSE, errno.EACCES}
    return True


def _holders(ports: set[int]) -> dict[int, str]:
    """Return port → "name (pid 123)" for listeners this user may see."""
    found: dict[int, str] = {}
    with contextlib.suppress(psutil.Error, OSError):  # some systems tell only root
        for connection in psutil.net_connections("tcp"):
            port = getattr(connection.laddr, "port", None)
            if connection.status != psutil.CONN_LISTEN or port not in ports or not connection.pid:
                continue
            with contextlib.suppress(psutil.Error):
                found[port] = f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return found
