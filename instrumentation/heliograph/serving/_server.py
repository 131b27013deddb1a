"""A server of few, bounded connections, each in a thread of its own, that ends when it is told to."""

from __future__ import annotations

import contextlib
import io
import logging
import selectors
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Final

from heliograph.serving._addresses import Address, url_of
from heliograph.serving._body import BodyError, CutShortError, read_body

if TYPE_CHECKING:
    import ssl

    from _typeshed import WriteableBuffer

__all__ = ["Handler", "Server"]

_CONNECTIONS: Final = 64
_FULL_SECONDS: Final = 1.0
"""How long a new connection waits for one of the others to end."""
_CUT_SECONDS: Final = 5.0
"""How long the end waits for threads whose connections are gone."""

_log = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    """One connection. Idle, it is closed after `timeout` seconds; a request must have arrived within `seconds`."""

    server: Server
    sys_version = ""
    timeout: ClassVar[float] = 60.0
    seconds: ClassVar[float] = 60.0
    disable_nagle_algorithm = True  # head and body of an answer are two writes: the second would wait for an ACK

    def setup(self) -> None:
        """Read through what keeps the time."""
        super().setup()
        self.rfile.close()
        self._incoming = _Incoming(self.connection, idle=self.timeout, seconds=self.seconds)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Give each request its own time."""
        self._incoming.expect()
        super().handle_one_request()

    def body(self, limit: int) -> bytes:
        """Read the request's body, at most `limit` bytes; raises BodyError. Where it does, the connection ends."""
        try:
            return read_body(self.headers, self.rfile, limit)
        except BodyError as error:
            self.close_connection = True
            if isinstance(error, CutShortError) and self.server.stopping.is_set():
                # We cut it. Without an answer its sender knows that it has to come again.
                raise ConnectionAbortedError from None
            raise

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - its signature
        """Keep silent: who serves says what is worth it."""


class _Incoming(io.RawIOBase):
    """What a client sends. A timeout for each read alone would let one byte a minute hold a connection for good."""

    def __init__(self, connection: socket.socket, *, idle: float, seconds: float) -> None:
        self._connection = connection
        self._idle = idle
        self._seconds = seconds
        self._deadline: float | None = None

    def expect(self) -> None:
        """Wait for a new request: its time runs from its first byte."""
        self._deadline = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read some; raises TimeoutError."""
        left = self._idle if self._deadline is None else self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request takes too long")
        self._connection.settimeout(left)
        try:
            count = self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(self._idle)  # for the answer
        if self._deadline is None:
            self._deadline = time.monotonic() + self._seconds
        return count


class Server(ThreadingHTTPServer):
    """Serves a listening socket from `start` to `stop`, in threads of its own; the socket is closed with it."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        listener: socket.socket,
        handler: type[Handler],
        *,
        name: str,
        connections: int = _CONNECTIONS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address: Address = listener.getsockname()[:2]
        self._tls = tls is not None
        if tls is not None:
            # The handshake is the connection's own thread's: a client that stalls in it holds up no other.
            listener = tls.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
        super().__init__(self.address, handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        listener.setblocking(False)  # a client may be gone again before it is accepted
        self.stopping = threading.Event()
        self._free = threading.BoundedSemaphore(connections)
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)

    @property
    def url(self) -> str:
        """The base URL."""
        url = url_of(self.address)
        return "https" + url.removeprefix("http") if self._tls else url

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self, grace: float = 0.0) -> None:
        """Take no more; let requests that have arrived be answered for `grace` seconds, then cut what is left.

        A request that is still arriving is not answered: it is its sender's to send again.
        """
        if self.stopping.is_set():
            return
        self.stopping.set()
        if self._thread.is_alive():
            self._wake.send(b"x")
            self._thread.join()
        self.server_close()
        self._wake.close()
        self._woken.close()
        if grace > 0:
            self._shut(socket.SHUT_RD)  # reads end where the data does; answers go out
            self._wait_until_closed(grace)
        self._shut(socket.SHUT_RDWR)
        self._wait_until_closed(_CUT_SECONDS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's types
        """Serve a connection, if there are not too many."""
        if not self._free.acquire(timeout=_FULL_SECONDS):
            super().shutdown_request(request)
            return
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as above
        """Close a connection that has been served."""
        super().shutdown_request(request)
        with self._changed:
            if request in self._open:
                self._open.remove(request)
                self._free.release()
                self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Log what a defect threw; an OSError is a client that went away."""
        del request
        if not isinstance(sys.exception(), OSError):
            _log.exception("a request of %s failed", client_address)

    def _accept(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self.socket, selectors.EVENT_READ)
            ready.register(self._woken, selectors.EVENT_READ)
            while not self.stopping.is_set():
                ready.select()
                if not self.stopping.is_set():
                    self._handle_request_noblock()  # type: ignore[attr-defined] # what `serve_forever` calls

    def _shut(self, how: int) -> None:
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    # Not SSLSocket's own, which forgets the encryption: an answer would go out in the clear.
                    socket.socket.shutdown(connection, how)

    def _wait_until_closed(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._open, seconds)
