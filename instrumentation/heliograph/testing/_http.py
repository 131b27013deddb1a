"""The HTTP side: one thread per connection, keep-alive, server-sent events as they are made."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from heliograph.serving._body import BodyError, CutShortError
from heliograph.serving._server import Handler
from heliograph.testing._errors import ApiError
from heliograph.testing._reply import new_id
from heliograph.testing._service import JOBS, ReceivedRequest, parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.testing._reply import Job, Reply
    from heliograph.testing._service import Service

__all__ = ["LLMHandler"]

# https://learn.microsoft.com/azure/ai-services/openai/reference
_AZURE = re.compile(r"/openai(?:/v1)?(?:/deployments/(?P<deployment>[^/]+))?(?P<path>/.+)")


class _CutError(Exception):
    """The fault `cut`: end the connection here."""


class LLMHandler(Handler):
    """Serves one connection; the class attribute `service` is set by the server that makes the handlers."""

    service: Service
    protocol_version = "HTTP/1.1"
    server_version = "heliograph-llm-server"
    timeout = seconds = 120.0  # until an idle connection is closed; for a request to arrive

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        """Serve models, health and control."""
        self._serve()

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        """Serve the API and control."""
        self._serve()

    def do_DELETE(self) -> None:  # noqa: N802 - the name is http.server's
        """Serve control."""
        self._serve()

    def _serve(self) -> None:
        started = time.perf_counter()
        path = self.path.partition("?")[0].rstrip("/") or "/"
        try:
            self._route(path, started)
        except ApiError as error:
            self._json(error.status, error.body(), started, error.headers)
        except (ConnectionError, TimeoutError, _CutError):
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - a defect here is the client's 500, as in any server
            body = ApiError(500, f"{type(error).__name__}: {error}", kind="server_error").body()
            self._json(500, body, started)
            self.close_connection = True

    def _route(self, path: str, started: float) -> None:
        data = self._read()
        if path == "/healthz":
            self._json(200, {"status": "ok"}, started)
        elif path.startswith("/_control/"):
            body = parse_json(data) if data else {}
            self._json(200, self.service.control(self.command, path, body), started)
        elif path.startswith("/v1/"):
            self._api(path, data, started)
        elif found := _AZURE.fullmatch(path):
            self._api(f"/v1{found['path']}", data, started, unquote(found["deployment"] or ""))
        else:
            raise ApiError(404, f"Invalid URL ({self.command} {path})")

    def _api(self, path: str, data: bytes, started: float, deployment: str = "") -> None:
        service = self.service
        service.check_key(self.headers.get("Authorization") or f"Bearer {self.headers.get('api-key', '')}")
        if self.command == "GET" and path == "/v1/models":
            self._json(200, service.models(), started)
        elif self.command == "GET" and path.startswith("/v1/models/"):
            self._json(200, service.model(path.removeprefix("/v1/models/")), started)
        elif path not in JOBS:
            raise ApiError(404, f"Invalid URL ({self.command} {path})")
        elif self.command != "POST":
            raise ApiError(405, f"Not allowed to {self.command} on {path}. (HINT: Perhaps you meant to use POST.)")
        else:
            body = parse_json(data)
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.received.append(ReceivedRequest(self.command, self.path.partition("?")[0], headers, body))
            if deployment:
                body = {**body, "model": deployment}
            self._work(path, body, started)

    def _work(self, path: str, body: Mapping[str, Any], started: float) -> None:
        service = self.service
        admission = service.admit(path, body)
        job, faults = admission.job, admission.faults
        if slow := faults.get("slow"):
            self._wait_until(time.perf_counter() + slow.delay)
            if self._client_left():  # nothing was generated yet, nothing is billed
                raise ConnectionAbortedError
        begun = time.perf_counter()
        if "garbage" in faults:
            self._send(200, b'{"id": "chatcmpl-', {"content-type": "application/json"}, started)
            return
        reply = job.run(faults)
        headers = service.limits.take(job.model.name, reply.usage.total)
        if job.stream:
            self._stream(job, reply, headers, started, begun, cut="cut" in faults)
        else:
            tokens = reply.usage.completion
            self._wait_until(begun + service.latency.first_token + tokens * service.latency.per_token)
            self._bill(job, reply, reply.usage.completion)
            data = json.dumps(reply.body).encode()
            self._send(200, data, {"content-type": "application/json", **headers}, started, cut="cut" in faults)

    def _stream(
        self, job: Job, reply: Reply, headers: Mapping[str, str], started: float, begun: float, *, cut: bool
    ) -> None:
        """Send events as their tokens are due; bill before the client can see the end, or where it ends early."""
        total, made, billed = reply.usage.completion, 0, False
        cut_at = max(1, total // 2) if cut else total + 1
        latency = self.service.latency
        try:
            self._wait_until(begun + latency.first_token)
            content = {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}
            self.wfile.write(self._head(200, {**content, **headers}, started))
            for event in reply.events:
                if made >= cut_at:
                    raise _CutError
                if event.tokens:
                    made += event.tokens
                    self._wait_until(begun + latency.first_token + made * latency.per_token)
                    if self._client_left():
                        raise ConnectionAbortedError
                if made >= total and not billed:
                    self._bill(job, reply, total)
                    billed = True
                self.wfile.write(b"%x\r\n%b\r\n" % (len(event.data), event.data))
            self.wfile.write(b"0\r\n\r\n")
        finally:
            if not billed:
                self._bill(job, reply, made)

    def _bill(self, job: Job, reply: Reply, completion: int) -> None:
        self.service.ledger.bill(
            response_id=reply.id,
            model=job.model.name,
            endpoint=job.endpoint,
            stream=job.stream,
            complete=completion >= reply.usage.completion,
            usage=reply.usage.up_to(completion),
        )

    def _read(self) -> bytes:
        """Return the request's body; raises ApiError, above all 413."""
        if "Content-Length" not in self.headers and "Transfer-Encoding" not in self.headers:
            return b""
        try:
            return self.body(self.service.max_body_bytes)
        except CutShortError:
            raise ConnectionAbortedError from None
        except BodyError as error:
            raise ApiError(error.status, f"The request is not taken: {error.reason}.") from None

    def _json(
        self, status: int, body: Mapping[str, Any], started: float, headers: Mapping[str, str] | None = None
    ) -> None:
        data = json.dumps(body).encode()
        self._send(status, data, {"content-type": "application/json", **(headers or {})}, started)

    def _send(self, status: int, data: bytes, headers: Mapping[str, str], started: float, *, cut: bool = False) -> None:
        head = self._head(status, {**headers, "content-length": str(len(data))}, started)
        try:
            self.wfile.write(head + (data[: len(data) // 2] if cut else data))
        except OSError:
            self.close_connection = True
        if cut:
            raise _CutError

    def _head(self, status: int, headers: Mapping[str, str], started: float) -> bytes:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"date: {self.date_time_string()}"]
        elapsed = int((time.perf_counter() - started) * 1000)
        always = {"openai-processing-ms": str(elapsed), "openai-version": "2020-10-01", "x-request-id": new_id("req_")}
        if self.close_connection:
            always["connection"] = "close"
        lines += [f"{name}: {value}" for name, value in {**always, **headers}.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _wait_until(self, due: float) -> None:
        """Wait; raises ConnectionAbortedError when the server stops meanwhile."""
        left = due - time.perf_counter()
        if left > 0 and self.service.stopping.wait(left):
            raise ConnectionAbortedError

    def _client_left(self) -> bool:
        """Return whether the other side has closed the connection."""
        try:
            if not select.select([self.connection], [], [], 0)[0]:
                return False
            return not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True
