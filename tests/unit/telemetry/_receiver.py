"""A collector in miniature: it decodes what OTLP/HTTP brings, and can refuse it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Log", "Point", "Receiver", "Span"]


def plain(value: Any) -> Any:
    """Turn an OTLP AnyValue into a Python value."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None


def attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: plain(pair.value) for pair in pairs}


@dataclass
class Span:
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    status: int
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope: str


@dataclass
class Log:
    body: Any
    event: str
    severity: str
    trace_id: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope: str


@dataclass
class Point:
    name: str
    unit: str
    instance: str
    attributes: dict[str, Any]
    value: float
    start: int
    count: int = 0
    edges: tuple[float, ...] = ()
    exemplars: list[str] = field(default_factory=list)
    monotonic: bool = False


class Receiver:
    """Listens on loopback; `status` is what it answers, `delay` how long it takes, in seconds.

    The first `refuse_first` requests are answered with 503.
    """

    def __init__(self) -> None:
        self.status = 200
        self.refuse_first = 0
        self.delay = 0.0
        self.requests = 0
        self.spans: list[Span] = []
        self.logs: list[Log] = []
        self.collections: list[list[Point]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests += 1
                time.sleep(receiver.delay)
                status = 503 if receiver.requests <= receiver.refuse_first else receiver.status
                if status == 200:
                    receiver.take(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, body: bytes) -> None:
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    self.spans += [
                        Span(
                            span.name,
                            span.trace_id.hex(),
                            span.span_id.hex(),
                            span.parent_span_id.hex(),
                            span.status.code,
                            attributes(span.attributes),
                            attributes(resource.resource.attributes),
                            scope.scope.name,
                        )
                        for span in scope.spans
                    ]
        elif path == "/v1/logs":
            for logs in ExportLogsServiceRequest.FromString(body).resource_logs:
                for scoped in logs.scope_logs:
                    self.logs += [
                        Log(
                            plain(record.body),
                            record.event_name,
                            record.severity_text,
                            record.trace_id.hex(),
                            attributes(record.attributes),
                            attributes(logs.resource.attributes),
                            scoped.scope.name,
                        )
                        for record in scoped.log_records
                    ]
        elif path == "/v1/metrics":
            self.collections.append(list(_points(ExportMetricsServiceRequest.FromString(body))))

    def newest(self, name: str) -> list[Point]:
        """Pick the points of the metric in the newest collection of each instance."""
        found: dict[str, list[Point]] = {}
        for collection in self.collections:
            for instance in {point.instance for point in collection}:
                found[instance] = [p for p in collection if p.name == name and p.instance == instance]
        return [point for points in found.values() for point in points]

    def total(self, name: str, **labels: str) -> float:
        """Sum the metric over series with these labels and over instances."""
        return sum(point.value for point in self.newest(name) if labels.items() <= point.attributes.items())

    def wait(self, condition: Callable[[], bool], seconds: float = 5.0) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.02)
        return condition()


def _points(request: ExportMetricsServiceRequest) -> Iterator[Point]:
    for resource in request.resource_metrics:
        instance = attributes(resource.resource.attributes).get("service.instance.id", "")
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                data = getattr(metric, metric.WhichOneof("data"))
                for point in data.data_points:
                    histogram = metric.WhichOneof("data") == "histogram"
                    yield Point(
                        metric.name,
                        metric.unit,
                        instance,
                        attributes(point.attributes),
                        point.sum if histogram else point.as_double or point.as_int,
                        point.start_time_unix_nano,
                        count=point.count if histogram else 0,
                        edges=tuple(point.explicit_bounds) if histogram else (),
                        exemplars=[exemplar.trace_id.hex() for exemplar in point.exemplars],
                        monotonic=getattr(data, "is_monotonic", False),
                    )
