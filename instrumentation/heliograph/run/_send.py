"""In the program: messages to the runner, one JSON object a line, over a Unix socket. It never makes anybody wait."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SOCKET_VARIABLE", "Sender"]

SOCKET_VARIABLE: Final = "HELIOGRAPH_RUN_SOCKET"
"""Where the runner listens: a path."""

LONGEST: Final = 10_000
"""Messages that may wait for a runner that does not read; some 5 MB. Later ones are dropped, and counted."""
_AT_ONCE: Final = 64 * 1024
"""Bytes of one write."""
_UNASKED: Final = getattr(socket, "MSG_NOSIGNAL", 0)
"""The program may have restored SIGPIPE's default action, which would end it when the runner is gone."""


class Sender:
    """One process's end of the connection. A forked child, which must not write on its parent's, opens its own.

    No method raises, and none blocks but `flush`, which waits as long as it is told.
    """

    def __init__(self, path: str, hello: Callable[[], Mapping[str, Any]]) -> None:
        self._path = path
        self._hello = hello
        self._begin()

    @property
    def greeted(self) -> bool:
        """Whether this process has said anything, which begins with `hello()`."""
        return self._greeted

    def greet(self) -> None:
        """Say hello, unless that was said."""
        if not self._greeted:
            self._greeted = True
            self._waiting.append(_line(self._hello()))
            self._push()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message after those that wait, or have it wait too."""
        if self._gone:
            return
        self.greet()
        if len(self._waiting) >= LONGEST:
            self.dropped += 1
        else:
            if self.dropped > self._said:
                self._said = self.dropped
                self._waiting.append(_line({"e": "dropped", "total": self.dropped}))
            self._waiting.append(_line(message))
        self._push()

    def flush(self, seconds: float) -> None:
        """Wait up to `seconds` for what waits to be sent."""
        end = time.monotonic() + seconds
        while True:
            self._push()
            if self._gone or not (self._waiting or self._rest) or time.monotonic() >= end:
                return
            time.sleep(0.005)

    def after_fork(self) -> None:
        """Begin anew in a forked child: the connection, and what waits, are the parent's."""
        inherited = self._connection
        if inherited is not None and self._is_ours(inherited):
            inherited.close()
        self._begin()

    _greeted: bool
    _said: int
    dropped: int
    """Messages of this process that were dropped."""

    def _begin(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._rest = b""
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._inode: tuple[int, int] | None = None
        self._gone = False
        self._greeted = False
        self._said = 0
        self.dropped = 0

    def _push(self) -> None:
        if not self._lock.acquire(blocking=False):
            return  # who holds it sends this too, or the next one does
        try:
            connection = self._connection or self._connect()
            while self._rest or self._waiting:
                while self._waiting and len(self._rest) < _AT_ONCE:
                    self._rest += self._waiting.popleft()
                # A program that became a daemon closed everything: the number may be another file's now.
                if not self._is_ours(connection):
                    raise ConnectionResetError  # noqa: TRY301
                self._rest = self._rest[connection.send(self._rest, _UNASKED) :]
        except BlockingIOError:
            pass
        except Exception:  # noqa: BLE001 - the runner is gone: nobody listens any more
            self._gone = True
            self._waiting.clear()
            self._rest = b""
        finally:
            self._lock.release()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(0.5)
        connection.connect(self._path)
        connection.setblocking(False)
        about = os.fstat(connection.fileno())
        self._inode = (about.st_dev, about.st_ino)
        self._connection = connection
        return connection

    def _is_ours(self, connection: socket.socket) -> bool:
        try:
            about = os.fstat(connection.fileno())
        except OSError:
            return False
        return self._inode is None or (about.st_dev, about.st_ino) == self._inode


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), default=str).encode() + b"\n"
