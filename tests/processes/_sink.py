"""A collector that keeps what arrives, and the bill it amounts to; the coexistence matrix uses both, too."""

from __future__ import annotations

import gzip
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Bill", "Sink", "Span"]


@dataclass(frozen=True)
class Span:
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    instance: str
    service: str
    scope: str = ""


@dataclass(frozen=True)
class Bill:
    """The same facts told by several parties: they must agree to the last token."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Bill)
            and (self.requests, self.input_tokens, self.output_tokens)
            == (other.requests, other.input_tokens, other.output_tokens)
            and abs(self.cost - other.cost) <= 1e-9
        )

    def __hash__(self) -> int:
        return hash(self.requests)


class Sink:
    """An OTLP/HTTP receiver: keeps requests as they come, and reads them when asked.

    `status` is what it answers, `delay` how long it takes, in seconds.
    """

    def __init__(self) -> None:
        self.status = 200
        self.delay = 0.0
        self._port = 0
        self._requests: list[tuple[str, bytes]] = []
        self.listen()

    def listen(self) -> None:
        """Listen, after a `close` at the same port again."""
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                time.sleep(sink.delay)
                status = sink.status
                if status == 200:
                    sink.keep(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                # As a server does that is stopped: connections that were kept alive end with it.
                self.close_connection = sink.closed

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Be quiet."""

        self.closed = False
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        self.url = f"http://127.0.0.1:{self._port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def keep(self, path: str, body: bytes) -> None:
        self._requests.append((path, body))

    def close(self) -> None:
        self.closed = True
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Span]:
        return [
            Span(
                span.name,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                _attributes(span.attributes),
                instance=_attributes(resource.resource.attributes).get("service.instance.id", ""),
                service=_attributes(resource.resource.attributes).get("service.name", ""),
                scope=scope.scope.name,
            )
            for body in self._bodies("/v1/traces")
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def logs(self) -> list[tuple[Any, dict[str, Any], str]]:
        """Body, attributes and trace id of every log record."""
        return [
            (record.body.string_value, _attributes(record.attributes), record.trace_id.hex())
            for body in self._bodies("/v1/logs")
            for resource in ExportLogsServiceRequest.FromString(body).resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [attributes for _, attributes, _ in self.logs() if attributes.get("event_name") == name]

    def totals(self, metric: str) -> dict[tuple[str, frozenset[tuple[str, Any]]], float]:
        """Give the newest value of each series of a counter, by instance and labels; Prometheus would see the same."""
        newest: dict[tuple[str, frozenset[tuple[str, Any]]], float] = {}
        for body in self._bodies("/v1/metrics"):
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                instance = _attributes(resource.resource.attributes).get("service.instance.id", "")
                for scope in resource.scope_metrics:
                    for each in scope.metrics:
                        if each.name == metric:
                            for point in each.sum.data_points:
                                key = (instance, frozenset(_attributes(point.attributes).items()))
                                value = point.as_double or point.as_int
                                assert value >= newest.get(key, 0), f"{metric} went down within one instance"
                                newest[key] = value
        return newest

    def metric(self, name: str, **labels: str) -> float:
        wanted = labels.items()
        return sum(value for (_, said), value in self.totals(name).items() if wanted <= dict(said).items())

    def instances(self) -> set[str]:
        """Instances that counted at least one call."""
        return {instance for (instance, _), value in self.totals("llm_requests").items() if value}

    def by_metrics(self) -> Bill:
        return Bill(
            int(self.metric("llm_requests")),
            int(self.metric("llm_tokens", type="input")),
            int(self.metric("llm_tokens", type="output")),
            self.metric("llm_cost"),
        )

    def by_events(self) -> Bill:
        calls = self.events("llm.call")
        return Bill(
            len(calls),
            sum(int(call.get("llm_input_tokens", 0)) for call in calls),
            sum(int(call.get("llm_output_tokens", 0)) for call in calls),
            sum(call.get("llm_cost_usd", 0.0) for call in calls),
        )

    def orphans(self) -> list[Span]:
        """Spans whose parent did not arrive, or is in another trace."""
        spans = self.spans()
        known = {(span.trace, span.id) for span in spans}
        return [span for span in spans if span.parent and (span.trace, span.parent) not in known]

    def _bodies(self, path: str) -> Iterator[bytes]:
        for where, body in list(self._requests):
            if where == path:
                yield body


def _attributes(pairs: Any) -> dict[str, Any]:
    found = {}
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        value = getattr(pair.value, kind) if kind else None
        found[pair.key] = (
            tuple(str(each) for each in value.values) if value is not None and kind == "array_value" else value
        )
    return found
