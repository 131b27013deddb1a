"""`GET /metrics` for Prometheus, `GET /healthz` for whoever watches the process."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heliograph.canary._results import CONTENT_TYPE
from heliograph.serving._addresses import listen
from heliograph.serving._server import Handler, Server

if TYPE_CHECKING:
    import socket

    from heliograph.canary._service import CanaryService
    from heliograph.serving._addresses import Address

__all__ = ["HttpServer"]


class _Handler(Handler):
    """One connection; Prometheus keeps its own open."""

    server: _Server
    server_version = "heliograph-canary"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        """Answer the two pages."""
        service = self.server.service
        path = urlsplit(self.path).path
        if path == "/metrics":
            self._answer(HTTPStatus.OK, service.results.text(), CONTENT_TYPE)
        elif path == "/healthz":
            # Of the canary, not of what it looks at: an orchestrator must not restart it because Loki is down.
            status = HTTPStatus.OK if service.healthy else HTTPStatus.SERVICE_UNAVAILABLE
            content = {"status": "ok" if service.healthy else "failing", "signals": service.results.as_dict()}
            self._answer(status, json.dumps(content), "application/json")
        else:
            self._answer(HTTPStatus.NOT_FOUND, "there are /metrics and /healthz\n", "text/plain; charset=utf-8")

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def _answer(self, status: HTTPStatus, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class _Server(Server):
    def __init__(self, listener: socket.socket, service: CanaryService) -> None:
        super().__init__(listener, _Handler, name="canary-http", connections=8)
        self.service = service


class HttpServer:
    """Serves the canary over HTTP; port 0 takes a free one. Raises HeliographError when it cannot listen."""

    def __init__(self, service: CanaryService, address: Address) -> None:
        hint = "give it another port: heliograph canary --listen 127.0.0.1:PORT"
        self._server = _Server(listen(address, who="The canary", hint=hint), service)
        self.url = self._server.url
        """The base URL."""

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def close(self) -> None:
        """Take no more."""
        self._server.stop()
