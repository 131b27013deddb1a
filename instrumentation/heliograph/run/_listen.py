"""The runner's ear: a Unix socket in a folder that only this user can enter, and a thread that reads what arrives."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import socket
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Self

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Listener", "Message"]

Message = dict[str, Any]

_LONGEST_PATH: Final = 100
"""Bytes of a Unix socket's path: 104 on macOS, 108 on Linux."""
_LONGEST_LINE: Final = 1 << 20
_BACKLOG: Final = 512
_QUIET: Final = 0.2
"""Seconds without a word from processes that still run, after which the end waits no longer for them."""


class Listener:
    """Hands every message to `receive(message, connection)`, and to `ended(connection)` that no more will come.

    Both are called on the one thread that reads. `path` is the socket's.
    """

    def __init__(self, receive: Callable[[Message, int], object], ended: Callable[[int], object]) -> None:
        self._receive = receive
        self._ended = ended
        self._buffers: dict[int, bytes] = {}
        self._numbers = 0
        self._ending: float | None = None
        self.malformed = 0
        """Lines that were no message."""
        self.open = 0
        """Processes that were connected when the reading ended: they ran on."""
        self._folder = _folder()
        self.path = os.path.join(self._folder, "s")  # noqa: PTH118 - `pathlib` takes longer to import than all this

    def __enter__(self) -> Self:
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(self.path)
        self._server.listen(_BACKLOG)
        self._server.setblocking(False)
        self._waker, self._wake = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ, None)
        self._selector.register(self._waker, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._read, name="heliograph-run", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(0.0)
        self._server.close()
        self._waker.close()
        self._wake.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def finish(self, patience: float = 2.0) -> None:
        """Read what was sent by now, for up to `patience` seconds, and stop."""
        if self._ending is None:
            self._ending = time.monotonic() + patience
            self._wake.send(b".")
        self._thread.join(patience + 1)

    def _read(self) -> None:
        heard = time.monotonic()
        while True:
            ready = self._selector.select(None if self._ending is None else 0.02)
            for key, _ in ready:
                if key.fileobj is self._server:
                    self._accept()
                elif key.fileobj is not self._waker:
                    self._hear(key.fileobj, key.data)  # type: ignore[arg-type]
                    heard = time.monotonic()
            now = time.monotonic()
            if self._ending is not None and (
                now > self._ending or (all(key.data is None for key, _ in ready) and self._is_done(now - heard))
            ):
                self.open = len(self._buffers)
                return

    def _is_done(self, quiet: float) -> bool:
        return not self._buffers or quiet > _QUIET

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._server.accept()
            connection.setblocking(False)
            self._numbers += 1
            self._buffers[self._numbers] = b""
            self._selector.register(connection, selectors.EVENT_READ, self._numbers)

    def _hear(self, connection: socket.socket, number: int) -> None:
        try:
            said = connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._selector.unregister(connection)
            connection.close()
            del self._buffers[number]
            self._ended(number)
            return
        *lines, rest = (self._buffers[number] + said).split(b"\n")
        self._buffers[number] = rest if len(rest) <= _LONGEST_LINE else b""
        for line in lines:
            self._message(line, number)

    def _message(self, line: bytes, number: int) -> None:
        try:
            message = json.loads(line)
            if not isinstance(message, dict):
                raise TypeError  # noqa: TRY301
            self._receive(message, number)
        except Exception:  # noqa: BLE001 - what another process sent must not end the reading
            self.malformed += 1


def _folder() -> str:
    if not hasattr(socket, "AF_UNIX"):
        raise HeliographError("heliograph run needs Unix sockets", why="this Python has none", exit_code=2)
    for parent in (None, "/tmp"):  # noqa: S108 - made by mkdtemp, for this user only
        folder = tempfile.mkdtemp(prefix="heliograph-run-", dir=parent)
        if len(os.fsencode(folder)) + 2 <= _LONGEST_PATH:
            return folder
        os.rmdir(folder)  # noqa: PTH106
    raise HeliographError("the path of temporary files is too long for a socket", hint="set TMPDIR to a shorter one")
