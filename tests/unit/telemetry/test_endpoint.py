"""/metrics for a direct scrape."""

from __future__ import annotations

import socket
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from heliograph.errors import HeliographError
from heliograph.genai import vocabulary as v
from heliograph.genai._instruments import Instruments
from heliograph.telemetry import _endpoint
from heliograph.telemetry._reader import PushOrPullReader

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
WHERE = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))


class _Pushed(MetricExporter):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def export(self, metrics_data: Any, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        del metrics_data, timeout_millis, kwargs
        self.count += 1
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        del timeout_millis
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Nothing to do."""


@pytest.fixture
def pushed() -> _Pushed:
    return _Pushed()


@pytest.fixture
def reader(pushed: _Pushed) -> Iterator[PushOrPullReader]:
    made = PushOrPullReader(pushed, interval=600)
    instruments = Instruments(MeterProvider([made], shutdown_on_exit=False))
    context = trace.set_span_in_context(NonRecordingSpan(WHERE), Context())
    instruments.requests.add(2, {"model": "m", "status": "success"})
    instruments.requests.add(1, {"model": "m", "status": "error", "error_type": 'a"b'})
    instruments.cost.add(0.25, {"model": "m"}, context)
    instruments.latency.record(1.5, {"model": "m"}, context)
    instruments.latency.record(400, {"model": "m"})
    instruments.observe(v.ACTIVE_SESSIONS, lambda _: [])
    instruments.quota_limit.set(500, {"model": "m"})
    yield made
    made.shutdown()


def scrape(port: int, accept: str = OPENMETRICS) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=5) as answer:
        text: str = answer.read().decode()
    return text


def test_the_page_is_openmetrics_with_exemplars(reader: PushOrPullReader) -> None:
    text = scrape(_endpoint.serve(reader, 0, "127.0.0.1"))
    families = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    requests = {s.labels["status"]: s.value for s in families["llm_requests"].samples if s.name.endswith("_total")}
    assert requests == {"success": 2, "error": 1}
    assert {s.name for s in families["llm_requests"].samples} == {"llm_requests_total", "llm_requests_created"}
    (cost,) = [s for s in families["llm_cost"].samples if s.name == "llm_cost_total"]
    assert cost.value == 0.25
    assert cost.exemplar is not None
    assert cost.exemplar.labels["trace_id"] == trace.format_trace_id(0xABC)
    buckets = {s.labels["le"]: s for s in families["llm_latency_seconds"].samples if s.name.endswith("_bucket")}
    assert [buckets[edge].value for edge in ("1.0", "2.0", "300.0", "+Inf")] == [0, 1, 1, 2]
    assert buckets["2.0"].exemplar is not None
    assert buckets["2.0"].exemplar.labels["trace_id"] == trace.format_trace_id(0xABC)
    assert buckets["1.0"].exemplar is None
    assert families["target"].type == "info"


def test_older_scrapers_get_the_older_format(reader: PushOrPullReader) -> None:
    text = scrape(_endpoint.serve(reader, 0, "127.0.0.1"), accept="text/plain")
    assert "llm_cost_total" in text
    assert "trace_id" not in text


def test_push_or_pull_not_both_and_nothing_counted_is_lost(reader: PushOrPullReader, pushed: _Pushed) -> None:
    reader.force_flush()
    assert pushed.count == 1
    port = _endpoint.serve(reader, 0, "127.0.0.1")
    reader.force_flush()
    assert pushed.count == 1
    assert "llm_cost_total" in scrape(port)
    assert scrape(port).count("llm_requests_total{") == 2
    reader.shutdown()
    assert pushed.count == 1


def test_a_taken_port_is_said(reader: PushOrPullReader) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(HeliographError) as caught:
            _endpoint.serve(reader, taken.getsockname()[1], "127.0.0.1")
    assert "HELIOGRAPH_METRICS_PORT" in caught.value.hint
    assert reader.pushes, "a failed switch leaves the push on"
