"""A collector and three stores in memory, behind one HTTP server, with faults on request.

Questions are answered in the shapes of the recorded answers (`recorded/`, checked by test_readers.py).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from heliograph.ledger import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Reply:
    """What the collector answers to one request, and what it does with it."""

    status: int = 200
    store: bool = True
    times: int = 1
    """How often every record is stored, with another time each."""
    rejected: int = 0
    """Of the request: these many, the first ones, are not stored."""
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


@dataclass
class Double:
    """`answer(path, n)` decides about the n-th request (from 0) for a path; `visible` seconds pass till it is seen."""

    answer: Callable[[str, int], Reply] = lambda path, n: Reply()  # noqa: ARG005
    visible: float = 0.0
    loki_limit: int = 5000
    broken: set[str] = field(default_factory=set)
    """Stores that answer 500."""
    url: str = ""
    spans: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    lines: list[tuple[float, str, int, str]] = field(default_factory=list)
    """(visible from, instance, time, text)"""
    samples: list[tuple[float, str, str, int, int]] = field(default_factory=list)
    """(visible from, instance, series, milliseconds, value)"""
    requests: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Path -> when requests came in."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def targets(self) -> Targets:
        return Targets(self.url, self.url, self.url, self.url)

    def take(self, path: str, body: bytes) -> Reply:
        with self.lock:
            number = len(self.requests[path])
            if body:
                self.requests[path].append(time.time())
            reply = self.answer(path, number) if body else Reply()
            if reply.store and reply.status in {200, 504}:
                for copy in range(reply.times):
                    getattr(self, "_store_" + path.rpartition("/")[2])(body, copy, reply.rejected)
        return reply

    def _store_traces(self, body: bytes, copy: int, skip: int) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for span in resource.scope_spans[0].spans[skip:]:
                self.spans[span.trace_id.hex()].append(
                    {
                        "from": time.time() + self.visible,
                        "spanID": span.span_id.hex(),
                        "startTime": span.start_time_unix_nano // 1000 + copy,
                    }
                )

    def _store_logs(self, body: bytes, copy: int, skip: int) -> None:
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
            instance = _instance(resource)
            for log in resource.scope_logs[0].log_records[skip:]:
                seen = time.time() + self.visible
                self.lines.append((seen, instance, log.time_unix_nano + copy, log.body.string_value))

    def _store_metrics(self, body: bytes, copy: int, skip: int) -> None:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            instance = _instance(resource)
            for point in resource.scope_metrics[0].metrics[0].sum.data_points[skip:]:
                seen, moment = time.time() + self.visible, point.time_unix_nano // 10**6 + copy
                series = point.attributes[0].value.string_value
                self.samples.append((seen, instance, series, moment, point.as_int))

    def trace(self, trace_id: str) -> dict[str, Any] | None:
        spans = [span for span in self.spans.get(trace_id, []) if span["from"] <= time.time()]
        return {"data": [{"traceID": trace_id, "spans": spans}]} if spans else None

    def query_range(self, asked: dict[str, str]) -> dict[str, Any]:
        instance = re.findall(r'service_instance_id="([^"]+)"', asked["query"])[0]
        begin, end = int(asked["start"]), int(asked["end"])
        found = sorted(
            (moment, text)
            for seen, owner, moment, text in self.lines
            if seen <= time.time() and owner == instance and begin <= moment < end
        )
        values = [[str(moment), text] for moment, text in found[: int(asked["limit"])]]
        return {"data": {"resultType": "streams", "result": [{"stream": {}, "values": values}] if values else []}}

    def query(self, asked: dict[str, str]) -> dict[str, Any]:
        labels = dict(re.findall(r'(\w+)="([^"]+)"', asked["query"]))
        end = round(float(asked["time"]) * 1000)
        begin = end - int(re.findall(r"\[(\d+)ms\]", asked["query"])[0])
        series: dict[str, list[list[Any]]] = defaultdict(list)
        for seen, owner, name, moment, value in self.samples:
            wanted = owner == labels["instance"] and labels.get("series", name) == name
            if seen <= time.time() and wanted and begin < moment <= end:
                series[name].append([moment / 1000, str(value)])
        return {"data": {"resultType": "matrix", "result": [{"metric": {}, "values": v} for v in series.values()]}}


def _instance(resource: Any) -> str:
    return str({a.key: a.value.string_value for a in resource.resource.attributes}["service.instance.id"])


# Path -> (the answer of a good request, the field that counts what was rejected)
_ANSWERS: dict[str, tuple[Any, str]] = {
    "/v1/traces": (ExportTraceServiceResponse, "rejected_spans"),
    "/v1/logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "/v1/metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
}


def _body(path: str, reply: Reply) -> bytes:
    if reply.status != 200:
        return bytes(Status(message=reply.message).SerializeToString())
    kind, rejected = _ANSWERS[path]
    answer = kind(partial_success={rejected: reply.rejected, "error_message": reply.message})
    return bytes(answer.SerializeToString())


def _handler(double: Double) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a table of paths
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: apart, each answer waits 40 ms for the client's ACK

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = double.take(self.path, body)
            if reply.hang_up:
                self.close_connection = True
                return
            self._answer(reply.status, _body(self.path, reply), "application/x-protobuf", reply.headers)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
            match parts.path.split("/"):
                case ["", "api", "traces", trace_id]:
                    self._store("jaeger", double.trace(trace_id), 404)
                case ["", "loki", "api", "v1", "query_range"] if int(asked["limit"]) > double.loki_limit:
                    said = "max entries limit per query exceeded, limit > max_entries_limit_per_query"
                    self._answer(400, said.encode(), "text/plain", {})
                case ["", "loki", "api", "v1", "query_range"]:
                    self._store("loki", double.query_range(asked), 200)
                case ["", "api", "v1", "query"] if "time" in asked:
                    self._store("prometheus", double.query(asked), 200)
                case _:
                    self._answer(200, b"{}", "application/json", {})

        def _store(self, name: str, data: Any, otherwise: int) -> None:
            if name in double.broken:
                self._answer(500, b"broken on purpose", "text/plain", {})
            else:
                status = otherwise if data is None else 200
                self._answer(status, json.dumps(data).encode(), "application/json", {})

        def _answer(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextmanager
def serving(double: Double) -> Iterator[Double]:
    """Serve it on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(double))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
