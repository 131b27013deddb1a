"""A bench for the counting rules: real SDK providers, everything in memory, nothing global left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import SpanKind

from heliograph.genai import _sink
from heliograph.genai._line import MeteringLine
from heliograph.genai._meter import CallMeter
from heliograph.genai._processor import GenAIProcessor
from heliograph.guard import ContentPolicy
from heliograph.telemetry._sampler import MeterAllSampler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan


class Bench:
    """`spans`, `events` and `points` are what has been exported so far."""

    def __init__(self, sampler: Sampler = ALWAYS_ON, *, capture_content: bool = False) -> None:
        self._reader = InMemoryMetricReader()
        self._spans = InMemorySpanExporter()
        self._logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.loggers = LoggerProvider(shutdown_on_exit=False)
        self.loggers.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.meter = CallMeter(self.meters, self.loggers, line=MeteringLine())
        self.tracers = TracerProvider(sampler=MeterAllSampler(sampler), shutdown_on_exit=False)
        content = ContentPolicy("full" if capture_content else "never")
        self.processor = GenAIProcessor(self.meter, SimpleSpanProcessor(self._spans), content=content)
        self.tracers.add_span_processor(self.processor)

    def call(
        self,
        *,
        scope: str = "opentelemetry.instrumentation.genai.openai",
        operation: str = "chat",
        model: str = "gpt-4o-mini",
        provider: str = "openai",
        context: Context | None = None,
        error: str | None = None,
        seconds: float = 1.0,
        **said: Any,
    ) -> ReadableSpan:
        """Make one call's span; dots of attribute names are written as double underscores."""
        tracer = self.tracers.get_tracer(scope)
        start = 1_700_000_000_000_000_000
        span = tracer.start_span(
            f"{operation} {model}",
            context=context,
            kind=SpanKind.CLIENT,
            start_time=start,
            attributes={
                "gen_ai.operation.name": operation,
                "gen_ai.provider.name": provider,
                "gen_ai.request.model": model,
            },
        )
        for name, value in said.items():
            span.set_attribute(name.replace("__", "."), value)
        if error is not None:
            span.set_attribute("error.type", error)
            span.set_status(trace.StatusCode.ERROR)
        span.end(start + int(seconds * 1e9))
        return span  # type: ignore[return-value]

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        self.meter.settle()
        return {span.name: span for span in self._spans.get_finished_spans()}

    @property
    def span_count(self) -> int:
        self.meter.settle()
        return len(self._spans.get_finished_spans())

    @property
    def events(self) -> list[dict[str, Any]]:
        self.meter.settle()
        return [dict(each.log_record.attributes or {}) for each in self._logs.get_finished_logs()]

    @property
    def records(self) -> list[Any]:
        self.meter.settle()
        return [each.log_record for each in self._logs.get_finished_logs()]

    def points(self, name: str, **labels: str) -> list[Any]:
        """Collect, and pick: exemplars are given out by one collection only."""
        return self.pick(self.collect(), name, **labels)

    def collect(self) -> Any:
        self.meter.settle()
        return self._reader.get_metrics_data()

    @staticmethod
    def pick(data: Any, name: str, **labels: str) -> list[Any]:
        return [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
            if labels.items() <= dict(point.attributes or {}).items()
        ]

    def total(self, name: str, **labels: str) -> float:
        return float(sum(getattr(p, "value", getattr(p, "sum", 0)) for p in self.points(name, **labels)))


@pytest.fixture
def make_bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make a bench that `heliograph.query` and `heliograph.chain` report to."""

    def make(sampler: Sampler = ALWAYS_ON, *, capture_content: bool = False) -> Bench:
        bench = Bench(sampler, capture_content=capture_content)
        monkeypatch.setattr(trace, "get_tracer", lambda *_, **__: bench.tracers.get_tracer("heliograph"))
        _sink.install(bench.meter)
        return bench

    yield make
    _sink.install(None)


@pytest.fixture
def bench(make_bench: Any) -> Bench:
    made: Bench = make_bench()
    return made
