"""A TCP proxy that is a bad line between the collector and a store: late, narrow, cut."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BadLine", "bad_line"]

_PIECE = 16 * 1024


class BadLine:
    """Listens on a port of its own and passes on what comes, as badly as it is told to."""

    def __init__(self, target: int) -> None:
        self.delay = 0.0
        """Seconds that each piece is late, in both directions."""
        self.bytes_per_second = 0.0
        """0: as fast as it comes."""
        self._target = target
        self._up = True
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, in the middle of what it carries, and accept no new one."""
        self._up = False
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Accept connections again."""
        self._up = True

    def close(self) -> None:
        """Stop for good."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                if not self._up:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                server.settimeout(None)
            except OSError:
                if self._listener.fileno() < 0:
                    return
                with contextlib.suppress(OSError, UnboundLocalError):
                    client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                pause = self.delay + (len(piece) / self.bytes_per_second if self.bytes_per_second else 0.0)
                if pause:
                    time.sleep(pause)
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {source}
        with contextlib.suppress(OSError):
            source.close()


@contextlib.contextmanager
def bad_line(target: int) -> Iterator[BadLine]:
    """Give a line to a port of this machine."""
    line = BadLine(target)
    try:
        yield line
    finally:
        line.close()
