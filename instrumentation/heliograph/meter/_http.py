"""OTLP over HTTP: `POST /v1/traces`, and `GET /healthz`.

https://opentelemetry.io/docs/specs/otlp/#otlphttp: errors are answered with a google.rpc.Status, spans that were left
out are told in `partial_success`, both in the format of the request.
"""

from __future__ import annotations

import json
import logging
import math
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from heliograph.meter._request import JSON, PROTOBUF, RefusedError, parse, too_large, uncompressed
from heliograph.serving._addresses import listen
from heliograph.serving._body import BodyError, TooLargeError
from heliograph.serving._server import Handler, Server

if TYPE_CHECKING:
    import socket
    import ssl

    from heliograph.meter._service import MeterService
    from heliograph.serving._addresses import Address

__all__ = ["MAX_BYTES", "HttpServer"]

MAX_BYTES: Final = 16 * 1024 * 1024
"""The largest request that is taken, after decompression: what the collector's receiver takes."""
_GRACE_SECONDS: Final = 2.0
"""For requests that have arrived when the meter ends."""
_QUIET_SECONDS: Final = 60.0
_RETRY_AFTER: Final = 5
"""Seconds, told to senders that are refused for now."""

_log = logging.getLogger(__name__)


class _Handler(Handler):
    """One connection; the collector keeps its own open."""

    server: _Server
    server_version = "heliograph-meter"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
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
                "storage": service.storage,
                "waiting": len(service.room),
                "undelivered": len(service.events),
                "applications": len(service.applications),
            },
        )

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        """Take spans."""
        kind = self.headers.get_content_type()
        service = self.server.service
        try:
            body = self._content()
            _check_path(self.path)
            encoding = self.headers.get("Content-Encoding", "").strip().lower()
            rejected, why = service.take(parse(uncompressed(body, encoding, self.server.max_bytes), kind))
        except RefusedError as refused:
            service.refused(refused.label)
            self.server.say(refused)
            self._refuse(refused, kind)
            return
        except OSError:
            raise  # the client went away
        except Exception:  # noqa: BLE001
            # Without an answer it would be sent again and again, in front of all others.
            _log.exception("a request could not be taken")
            self.close_connection = True
            self._answer_message(HTTPStatus.INTERNAL_SERVER_ERROR, Status(message="a defect of the meter"), kind)
            return
        answer = ExportTraceServiceResponse()
        if rejected:
            answer.partial_success.rejected_spans = rejected
            answer.partial_success.error_message = why
        self._answer_message(HTTPStatus.OK, answer, kind)

    def _content(self) -> bytes:
        """Read the body to its end; raises RefusedError when it cannot be taken."""
        try:
            return self.body(self.server.max_bytes)
        except TooLargeError:
            raise too_large(self.server.max_bytes) from None
        except BodyError as error:
            raise RefusedError(error.status, "malformed", error.reason) from None

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


class _Server(Server):
    def __init__(
        self, listener: socket.socket, service: MeterService, max_bytes: int, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(listener, _Handler, name="meter-http", tls=tls)
        self.service = service
        self.max_bytes = max_bytes
        self._said: dict[str, float] = {}

    def say(self, refused: RefusedError) -> None:
        """Log a refusal, one of a kind a minute: the metric counts all, and whoever sends nonsense sends a lot."""
        now = time.monotonic()
        if now - self._said.get(refused.label, -math.inf) >= _QUIET_SECONDS:
            self._said[refused.label] = now
            _log.warning("refused a request: %s (%s; said once a minute)", refused.reason, refused.label)


class HttpServer:
    """Serves the meter over HTTP, in threads of its own; port 0 takes a free one.

    Raises HeliographError when it cannot listen.
    """

    def __init__(
        self,
        service: MeterService,
        address: Address,
        *,
        max_bytes: int = MAX_BYTES,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        listener = listen(
            address, who="The meter", hint="give it another port: heliograph meter --listen 127.0.0.1:PORT"
        )
        self._server = _Server(listener, service, max_bytes, tls)
        self.address = self._server.address
        self.url = self._server.url
        """The base URL."""

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def close(self) -> None:
        """Take no more; requests that have arrived are answered, what was not is its sender's to send again."""
        self._server.stop(_GRACE_SECONDS)
