"""LangSmith's API in miniature: it understands what the real client sends, remembers it, and can misbehave.

`GET /info`, `POST /runs/multipart` (also zstd-compressed), `POST /runs/batch`, `POST /runs`, `PATCH /runs/<id>`, and
OTLP at `POST /otel/v1/traces`. https://api.smith.langchain.com/redoc
"""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable


class LangSmith:
    """Listens on loopback. `status` is what ingestion answers, `delay` how long it takes, in seconds.

    `key`: requests with another `x-api-key` are refused with 401. `refuse_first`: that many ingestions answer 503.
    """

    def __init__(self, *, key: str = "", compression: bool = True) -> None:
        self.status = 200
        self.delay = 0.0
        self.refuse_first = 0
        self.key = key
        self.compression = compression
        self.requests: list[str] = []
        self.keys: set[str] = set()
        self.runs: dict[str, dict[str, Any]] = {}
        self.posts: Counter[str] = Counter()
        self.patches: Counter[str] = Counter()
        self.spans: list[Any] = []
        self.projects: set[str] = set()
        self._lock = threading.Lock()
        self._ingested = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                service.requests.append(f"GET {self.path}")
                self._answer(200, service.info())

            def do_POST(self) -> None:
                service.ingest(self)

            def do_PATCH(self) -> None:
                service.ingest(self)

            def _answer(self, status: int, body: object) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def info(self) -> dict[str, Any]:
        return {
            "version": "0.14.0",
            "instance_flags": {"zstd_compression_enabled": self.compression},
            "batch_ingest_config": {
                "use_multipart_endpoint": True,
                "scale_up_qsize_trigger": 1000,
                "scale_up_nthreads_limit": 4,
                "scale_down_nempty_trigger": 4,
                "size_limit": 100,
                "size_limit_bytes": 20_971_520,
            },
        }

    def ingest(self, request: Any) -> None:
        self.requests.append(f"{request.command} {request.path}")
        body = self._body(request)
        given = request.headers.get("x-api-key", "")
        self.keys.add(given)
        time.sleep(self.delay)
        with self._lock:
            self._ingested += 1
            status = 503 if self._ingested <= self.refuse_first else self.status
            if self.key and given != self.key:
                status = 401
            if status < 300:
                if project := request.headers.get("Langsmith-Project"):
                    self.projects.add(project)
                self._take(request, body)
        request._answer(status, {})

    def wait(self, condition: Callable[[], bool], seconds: float = 5.0) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not condition():
            time.sleep(0.01)
        return condition()

    def names(self) -> list[str]:
        return sorted(str(run.get("name")) for run in self.runs.values())

    @staticmethod
    def _body(request: Any) -> bytes:
        if request.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(request.rfile.readline().strip() or b"0", 16):
                parts.append(request.rfile.read(size))
                request.rfile.readline()
            request.rfile.readline()
            body = b"".join(parts)
        else:
            body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        encoding = request.headers.get("Content-Encoding", "")
        if encoding == "zstd":
            return zstandard.ZstdDecompressor().stream_reader(body).read()
        return gzip.decompress(body) if encoding == "gzip" else bytes(body)

    def _take(self, request: Any, body: bytes) -> None:
        path = request.path.split("?")[0]
        if path == "/otel/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    self.spans += scope.spans
        elif path == "/runs/multipart":
            self._multipart(request.headers["Content-Type"], body)
        elif path == "/runs/batch":
            batch = json.loads(body)
            for run in batch.get("post", ()):
                self._note("post", run["id"], run)
            for run in batch.get("patch", ()):
                self._note("patch", run["id"], run)
        elif request.command == "PATCH":
            self._note("patch", path.rsplit("/", 1)[-1], json.loads(body))
        elif path == "/runs":
            run = json.loads(body)
            self._note("post", run["id"], run)

    def _multipart(self, content_type: str, body: bytes) -> None:
        boundary = re.search(r'boundary="?([^";]+)', content_type)
        assert boundary
        for part in body.split(b"--" + boundary[1].encode())[1:-1]:
            head, _, data = part.lstrip(b"\r\n").partition(b"\r\n\r\n")
            named = re.search(rb'name="([^"]+)"', head)
            assert named
            event, run_id, *field = named[1].decode().split(".")
            if event not in {"post", "patch"}:
                continue
            value = json.loads(data.removesuffix(b"\r\n"))
            self._note(event, run_id, {field[0]: value} if field else value, counts=not field)

    def _note(self, event: str, run_id: str, said: dict[str, Any], *, counts: bool = True) -> None:
        self.runs.setdefault(run_id, {}).update({key: value for key, value in said.items() if value is not None})
        if counts:
            (self.posts if event == "post" else self.patches)[run_id] += 1
