"""The real collector with the shipped files; stand-ins for Jaeger (OTLP over gRPC) and LangSmith (OTLP over HTTP)."""

from __future__ import annotations

import contextlib
import gzip
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from tests._ports import free_ports

from heliograph.stack._build import binary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heliograph.stack._plan import PlannedServer


ROOT = Path(__file__).parents[2]


KEY = "lsv2_pt_0123456789abcdef0123456789abcdef"


class Jaeger(trace_service_pb2_grpc.TraceServiceServicer):
    """Counts the spans it is given."""

    def __init__(self) -> None:
        self.spans: Counter[str] = Counter()
        self._server = grpc.server(ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:  # noqa: N802
        del context
        self.spans.update(names_of(request))
        return ExportTraceServiceResponse()

    def close(self) -> None:
        self._server.stop(0)


class Smith:
    """LangSmith's OTLP endpoint; `status` is what it answers, `delay` how long it takes, in seconds."""

    def __init__(self) -> None:
        self.status, self.delay = 200, 0.0
        self._released = threading.Event()
        self.spans: Counter[str] = Counter()
        self.heads: set[tuple[str, str, str]] = set()
        self.bodies: list[bytes] = []
        smith = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                smith._released.wait(smith.delay)
                if smith.status == 200:
                    smith.heads.add((self.path, self.headers["x-api-key"], self.headers["Langsmith-Project"]))
                    if self.headers.get("Content-Encoding") == "gzip":
                        body = gzip.decompress(body)
                    smith.bodies.append(body)
                    smith.spans.update(names_of(ExportTraceServiceRequest.FromString(body)))
                with contextlib.suppress(OSError):
                    self.send_response(smith.status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def release(self) -> None:
        """Answer whatever still waits."""
        self.status, self.delay = 200, 0.0
        self._released.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()


def names_of(request: ExportTraceServiceRequest) -> list[str]:
    return [span.name for rs in request.resource_spans for ss in rs.scope_spans for span in ss.spans]


@dataclass
class Collector:
    pid: int
    port: int
    metrics: int
    jaeger: Jaeger
    smith: Smith
    log: Path
    key: Path
    answers: list[int] = field(default_factory=list)

    def send(self, *traces: list[tuple[str, dict[str, Any]]], filler: int = 0) -> None:
        """Send one request with these traces: spans as (name, attributes), the first of each is the root."""
        request = ExportTraceServiceRequest()
        scope = request.resource_spans.add().scope_spans.add()
        now = time.time_ns()
        for spans in traces:
            trace_id, root = os.urandom(16), os.urandom(8)
            for index, (name, attributes) in enumerate(spans):
                span = scope.spans.add(
                    name=name,
                    trace_id=trace_id,
                    span_id=os.urandom(8) if index else root,
                    parent_span_id=root if index else b"",
                    start_time_unix_nano=now,
                    end_time_unix_nano=now + 1_000_000,
                )
                for key, value in {
                    **attributes,
                    **({"filler": os.urandom(filler // 2).hex()} if filler else {}),
                }.items():
                    said = span.attributes.add(key=key).value
                    if isinstance(value, bool):
                        said.bool_value = value
                    else:
                        said.string_value = str(value)
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/traces",
            data=request.SerializeToString(),
            headers={"Content-Type": "application/x-protobuf"},
        )
        try:
            with urllib.request.urlopen(call, timeout=20) as answer:
                self.answers.append(answer.status)
        except urllib.error.HTTPError as error:
            self.answers.append(error.code)

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name) and "langsmith" in line)


def wait(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.05)
    return condition()


@contextlib.contextmanager
def running(
    folder: Path, overlay: Path | None = None, *, plan: Callable[[Smith], PlannedServer] | None = None
) -> Iterator[Collector]:
    """Run the collector with its file and the overlay; a small queue, so that it fills soon.

    Or run it as a `plan` has it, which is given the stand-in: the overlay's variables are then the plan's own.
    """
    jaeger, smith = Jaeger(), Smith()
    http, rpc, health, metrics = free_ports(4)
    (folder / "key").write_text(KEY + "\n")
    argv = [str(binary("collector")), "--config", str(ROOT / "collector/otelcol.yaml"), "--config", str(overlay)]
    env = {
        "HELIOGRAPH_LANGSMITH_URL": smith.url,
        "HELIOGRAPH_LANGSMITH_PROJECT": "assistant",
        "HELIOGRAPH_LANGSMITH_API_KEY_FILE": str(folder / "key"),
        "HELIOGRAPH_LANGSMITH_QUEUE_BYTES": "200000",
    }
    if plan is not None:
        planned = plan(smith)
        argv, env = list(planned.argv), planned.env
    env = {
        **env,
        "HELIOGRAPH_OTLP_HTTP_PORT": str(http),
        "HELIOGRAPH_OTLP_GRPC_PORT": str(rpc),
        "HELIOGRAPH_COLLECTOR_HEALTH_PORT": str(health),
        "HELIOGRAPH_COLLECTOR_METRICS_PORT": str(metrics),
        "HELIOGRAPH_JAEGER_OTLP": f"127.0.0.1:{jaeger.port}",
        "HELIOGRAPH_QUEUE_DIR": str(folder / "queue"),
        "HELIOGRAPH_FOREIGN_LOGS": str(folder),
        "HELIOGRAPH_LANGSMITH_WAIT": "1s",
    }
    log = folder / "collector.out"
    with log.open("w") as out:
        process = subprocess.Popen(argv, env=env, stdout=out, stderr=subprocess.STDOUT)

        def ready() -> bool:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{health}/", timeout=1) as page:
                return bool(page.status == 200)
            return False

        try:
            assert wait(ready, 30), log.read_text()
            yield Collector(process.pid, http, metrics, jaeger, smith, log, folder / "key")
        finally:
            smith.release()
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            jaeger.close()
            smith.close()
