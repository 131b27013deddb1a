"""OTLP over HTTP: `POST /v1/traces`, and `GET /healthz`.

https://opentelemetry.io/docs/specs/otlp/#otlphttp: errors are answered with a google.rpc.Status, spans that were left
out are told in `partial_success`, both in the format of the request.
"""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from heliograph.errors import HeliographError
from heliograph.meter._request import JSON, PROTOBUF, RefusedError, parse, too_large, uncompressed

if TYPE_CHECKING:
    from heliograph.meter._service import MeterService

__all__ = ["MAX_BYTES", "HttpServer"]

MAX_BYTES: Final = 16 * 1024 * 1024
"""The largest request that is taken, after decompression: what the collector's receiver takes."""
_IDLE_SECONDS: Final = 60.0
_CONNECTIONS: Final = 64
_CHUNK: Final = 65536
_RETRY_AFTER: Final = 5
"""Seconds, told to senders that are refused for now."""

_log = logging.getLogger(__name__)


class _Handler(BaseHTTPRequestHandler):
    """One connection; the collector keeps its own open."""

    server: _Server
    server_version = "heliograph-meter"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        """Say how the meter feels."""
        if urlsplit(self.path).path != "/healthz":
            self._answer_json(HTTPStatus.NOT_FOUND, {"error": "spans go to POST /v1/traces"})
            return
        service = self.server.service
        status = HTTPStatus.OK if service.healthy else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer_json(
            status,
            {
                "status": "ok" if service.healthy else "failing",
                "waiting": len(service.room),
                "undelivered": len(service.events),
                "applications": len(service.applications),
            },
        )

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def do_POST(self) -> None:
        """Take spans."""
        kind = self.headers.get_content_type()
        service = self.server.service
        try:
            body = self._body()
            _check_path(self.path)
            encoding = self.headers.get("Content-Encoding", "").strip().lower()
            rejected, why = service.take(parse(uncompressed(body, encoding, self.server.max_bytes), kind))
        except RefusedError as refused:
            service.refused(refused.label)
            _log.warning("refused a request: %s", refused.reason)
            self._refuse(refused, kind)
            return
        answer = ExportTraceServiceResponse()
        if rejected:
            answer.partial_success.rejected_spans = rejected
            answer.partial_success.error_message = why
        self._answer_message(HTTPStatus.OK, answer, kind)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - its signature
        """Keep silent: requests are counted."""

    def _body(self) -> bytes:
        """Read the body to its end; raises RefusedError when it cannot be taken."""
        limit = self.server.max_bytes
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks(limit)
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            self.close_connection = True
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "malformed", "the request must say its Content-Length")
        size = int(length)
        if size > limit:
            self.close_connection = True
            # Read some of it, or the client is cut off while it sends and never sees the answer.
            left = min(size, 2 * limit)
            while left > 0 and (part := self.rfile.read(min(_CHUNK, left))):
                left -= len(part)
            raise too_large(limit)
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            raise RefusedError(HTTPStatus.BAD_REQUEST, "malformed", "the body is shorter than it says")
        return body

    def _chunks(self, limit: int) -> bytes:
        parts: list[bytes] = []
        total = 0
        self.close_connection = True  # until the body has been read to its end
        while True:
            try:
                size = int(self.rfile.readline(64).split(b";")[0], 16)
            except ValueError:
                raise RefusedError(HTTPStatus.BAD_REQUEST, "malformed", "a chunk does not say its size") from None
            if size < 0 or (total := total + size) > limit:
                raise too_large(limit)
            part = self.rfile.read(size)
            if len(part) < size or self.rfile.readline(64).strip():
                raise RefusedError(HTTPStatus.BAD_REQUEST, "malformed", "the body is shorter than it says")
            if size == 0:
                self.close_connection = self.headers.get("Connection", "").lower() == "close"
                return b"".join(parts)
            parts.append(part)

    def _refuse(self, refused: RefusedError, kind: str) -> None:
        headers = {"Retry-After": str(_RETRY_AFTER)} if refused.status is HTTPStatus.SERVICE_UNAVAILABLE else {}
        self._answer_message(refused.status, Status(message=refused.reason), kind, headers)

    def _answer_message(
        self,
        status: HTTPStatus,
        message: Any,  # noqa: ANN401
        kind: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        if kind == PROTOBUF:
            self._answer(status, message.SerializeToString(), PROTOBUF, headers)
            return
        from google.protobuf import json_format

        self._answer(status, json_format.MessageToJson(message, indent=None).encode(), JSON, headers)

    def _answer_json(self, status: HTTPStatus, value: object) -> None:
        self._answer(status, json.dumps(value).encode(), JSON)

    def _answer(self, status: HTTPStatus, content: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        said = {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}
        if self.close_connection:
            said["Connection"] = "close"
        for name, value in said.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _check_path(path: str) -> None:
    if urlsplit(path).path != "/v1/traces":
        raise RefusedError(HTTPStatus.NOT_FOUND, "unsupported", "spans go to /v1/traces")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, service: MeterService, max_bytes: int) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.service = service
        self.max_bytes = max_bytes
        self._free = threading.BoundedSemaphore(_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's types
        if self._free.acquire(timeout=1.0):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        del request
        if not isinstance(sys.exception(), OSError):  # those are clients that went away
            _log.exception("a request of %s failed", client_address)


class HttpServer:
    """Serves the meter over HTTP, in threads of its own; port 0 takes a free one.

    Raises HeliographError when it cannot listen.
    """

    def __init__(self, service: MeterService, listen: tuple[str, int], *, max_bytes: int = MAX_BYTES) -> None:
        listener = _listen(*listen)
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._server = _Server(listener, service, max_bytes)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="meter-http", daemon=True)

    @property
    def url(self) -> str:
        """The base URL."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Take no more connections; what was not acknowledged is its sender's to send again."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise HeliographError(
            f"The meter cannot listen on {host}:{port}.",
            why=error.strerror or str(error),
            hint="give it another port: heliograph meter --listen 127.0.0.1:PORT",
        ) from error
    return listener
