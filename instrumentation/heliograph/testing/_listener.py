"""The listener under the LLM server: starts at once, stops at once, prints nothing."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

__all__ = ["QuietHTTPServer"]

_JOIN_SECONDS = 5.0  # a connection that takes longer to end is left alone


class QuietHTTPServer(ThreadingHTTPServer):
    """A threading HTTP server that stops at once, takes its connections with it, and prints nothing."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._connections: dict[socket.socket, threading.Thread | None] = {}
        self._lock = threading.Lock()
        self._wake, self._woken = socket.socketpair()
        try:
            super().__init__(address, handler)
        except BaseException:
            self._wake.close()
            self._woken.close()
            raise

    def server_bind(self) -> None:
        """Bind without asking the name service for the host's full name, as HTTPServer does; it may take seconds."""
        TCPServer.server_bind(self)

    def serve_until_stopped(self) -> None:
        """Accept connections until `stop` is called, without polling."""
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._woken in ready:
                    break
                self.handle_request()
        self.server_close()
        with self._lock:
            open_ones = dict(self._connections)
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in open_ones.values():
            if thread is not None:
                thread.join(_JOIN_SECONDS)

    def server_close(self) -> None:
        """Close what listens."""
        super().server_close()
        self._woken.close()
        self._wake.close()

    def stop(self) -> None:
        """Make `serve_until_stopped` return."""
        self._wake.send(b"x")

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's types
        """Remember the connection and serve it in a thread."""
        with self._lock:
            self._connections[request] = None
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Serve the connection; `stop` waits for this thread, so that what it bills is written."""
        with self._lock:
            self._connections[request] = threading.current_thread()
        super().process_request_thread(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the base class's types
        """Close and forget the connection."""
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's types
        """Stay silent: a connection that breaks is no error of the server's."""
