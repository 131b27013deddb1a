"""Collectors for benchmarks, on loopback: one that takes everything, one that is not there, one that never answers."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DOWN", "Receiver", "collector", "hole"]

DOWN: Final = "http://127.0.0.1:9"
"""Where nothing listens: connections are refused."""

# What LangSmith's client asks for first; the limits are the ones that its service gives.
_LANGSMITH: Final = {
    "version": "0.0.0",
    "license_expiration_time": None,
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "scale_up_qsize_trigger": 1000,
        "scale_up_nthreads_limit": 16,
        "scale_down_nempty_trigger": 4,
        "size_limit": 100,
        "size_limit_bytes": 20971520,
    },
    "instance_flags": {},
}
# What Langfuse's client asks for its keys.
_LANGFUSE: Final = {
    "data": [{"id": "bench", "name": "bench", "metadata": {}, "organization": {"id": "b", "name": "b"}}]
}
_GET: Final = {"/info": _LANGSMITH, "/api/public/projects": _LANGFUSE}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for headers and body
    disable_nagle_algorithm = True
    server: Receiver

    def do_GET(self) -> None:
        """Say what the clients want to know."""
        self._answer(200, _GET.get(self.path.partition("?")[0], {}))

    def do_POST(self) -> None:
        """Take it."""
        path = self.path.partition("?")[0]
        size = len(self._body())
        with self.server.lock:
            self.server.requests[path] += 1
            self.server.sizes[path] += size
        if path.startswith("/v1/") or path.endswith("/v1/traces"):
            self._send(200, "application/x-protobuf", b"")
        else:
            self._answer(202, {})

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, said: Any) -> None:  # noqa: ANN401
        self._send(status, "application/json", json.dumps(said).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401
        """Be quiet."""


class Receiver(ThreadingHTTPServer):
    """Takes everything at once on a port of its own, and counts what came.

    It is an OTLP receiver as good as any, and as much of LangSmith's and Langfuse's API as their clients ask for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the requests and bytes of each path."""
        with self.lock:
            return {path: {"requests": count, "bytes": self.sizes[path]} for path, count in self.requests.items()}


@contextlib.contextmanager
def collector() -> Iterator[str]:
    """Run something that takes everything; give its base URL."""
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def hole() -> Iterator[str]:
    """Accept connections and never answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
