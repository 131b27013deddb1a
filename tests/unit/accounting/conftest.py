"""Two roads from the spans of a case to its bill: the SDK's processor, and a service that reads light spans."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags

from heliograph.genai._dedupe import Dedupe
from heliograph.genai._meter import CallMeter
from heliograph.genai._prices import Prices
from heliograph.genai._processor import GenAIProcessor
from heliograph.genai._read import call_at_start, is_call, read_call, read_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.genai._run import QueryIds

# Prices change; the cases state those of this day.
START: Final = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000_000
PRICES: Final = Prices()
STATUS: Final = {"error": StatusCode.ERROR, "ok": StatusCode.OK, None: StatusCode.UNSET}


@dataclass(eq=False)
class Told:
    """One span of a case: times in milliseconds after `START`. Children are told within it."""

    scope: str
    attributes: dict[str, Any]
    at: tuple[int, int] = (0, 1000)
    status: str | None = None
    exception: dict[str, str] | None = None
    trace: int = 1
    parent: Told | None = None
    depth: int = 0
    children: list[Told] = field(default_factory=list)

    @classmethod
    def of(cls, said: dict[str, Any], parent: Told | None = None) -> Told:
        known = {name: value for name, value in said.items() if name not in {"children", "at"}}
        told = cls(**known, at=tuple(said.get("at", (0, 1000))), parent=parent, depth=parent.depth + 1 if parent else 0)
        if parent is not None:
            told.trace = parent.trace
        told.children = [cls.of(child, told) for child in said.get("children", ())]
        return told

    def all(self) -> Iterator[Told]:
        yield self
        for child in self.children:
            yield from child.all()


def in_order(spans: list[Told]) -> list[tuple[str, Told]]:
    """Give starts and ends as they happen: at one moment, ends come first, and the inner span's before the outer's."""
    moments: list[tuple[int, int, int, str, Told]] = []
    for root in spans:
        for span in root.all():
            moments.extend(
                (
                    (span.at[0], 1, span.depth, "start", span),
                    (span.at[1], 0, -span.depth, "end", span),
                )
            )
    moments.sort(key=lambda moment: moment[:3])
    return [(what, span) for *_, what, span in moments]


class Ledger:
    """What was counted. `road` is `sdk` or `light`."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self._exported = InMemorySpanExporter()
        loggers = LoggerProvider(shutdown_on_exit=False)
        loggers.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.meter = CallMeter(MeterProvider([self._reader], shutdown_on_exit=False), loggers, prices=PRICES)
        self._data: Any = None

    def send(self, spans: list[Told], road: str) -> Ledger:
        if road == "sdk":
            self._through_the_sdk(spans)
        else:
            self._as_a_service(spans)
        self._data = self._reader.get_metrics_data()
        return self

    def by(self, metric: str, label: str) -> dict[str, float]:
        """Sum a counter by one label; what is zero is left out."""
        sums: dict[str, float] = {}
        for point in self._points(metric):
            key = str(point.attributes.get(label, ""))
            sums[key] = sums.get(key, 0) + point.value
        return {key: value for key, value in sums.items() if value}

    def total(self, metric: str) -> float:
        return float(sum(getattr(point, "value", getattr(point, "sum", 0)) for point in self._points(metric)))

    def has(self, metric: str) -> bool:
        return bool(self._points(metric))

    def labels(self, metric: str = "llm_requests") -> list[dict[str, str]]:
        return [dict(point.attributes) for point in self._points(metric)]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [dict(each.log_record.attributes or {}) for each in self._logs.get_finished_logs()]

    @property
    def costs_on_spans(self) -> float:
        spans = self._exported.get_finished_spans()
        return float(sum((span.attributes or {}).get("llm.cost_usd", 0.0) for span in spans))  # type: ignore[misc]

    def _points(self, name: str) -> list[Any]:
        return [
            point
            for resource in (self._data.resource_metrics if self._data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def _through_the_sdk(self, spans: list[Told]) -> None:
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(GenAIProcessor(self.meter, SimpleSpanProcessor(self._exported)))
        live: dict[Told, trace.Span] = {}
        for what, told in in_order(spans):
            if what == "start":
                context = trace.set_span_in_context(live[told.parent]) if told.parent else None
                tracer = tracers.get_tracer(told.scope)
                # LangSmith says everything after the fact; others say what is asked for as a span starts.
                early = {} if told.scope == "langsmith" else _request(told.attributes)
                live[told] = tracer.start_span(told.scope, context, attributes=early, start_time=_ns(told.at[0]))
            else:
                span = live[told]
                span.set_attributes(told.attributes)
                if told.exception is not None:
                    attributes = {f"exception.{name}": text for name, text in told.exception.items()}
                    span.add_event("exception", attributes)
                if told.status is not None:
                    span.set_status(STATUS[told.status])
                span.end(_ns(told.at[1]))

    def _as_a_service(self, spans: list[Told]) -> None:
        """Do what `heliograph meter` does with spans of others, as light objects."""
        dedupe = Dedupe()
        for what, told in in_order(spans):
            key, parent = _key(told), _key(told.parent) if told.parent else None
            if what == "start":
                dedupe.started(key, parent, operation=call_at_start(told.attributes))
                continue
            span = _light(told)
            if not is_call(span):
                dedupe.ended(key)
                continue
            call = read_call(span)
            if not dedupe.is_repeat(call, key, parent):
                where = SpanContext(*key, is_remote=True, trace_flags=TraceFlags(1))
                ids: QueryIds = read_ids(span)
                self.meter.count(call, where=where, ids=ids, chain=ids.chain)


def _request(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if "usage" not in name and "response" not in name}


def _ns(milliseconds: int) -> int:
    return START + milliseconds * 1_000_000


def _key(told: Told) -> tuple[int, int]:
    return told.trace, id(told) & 0xFFFF_FFFF_FFFF_FFFF


def _light(told: Told) -> Any:
    events = []
    if told.exception is not None:
        attributes = {f"exception.{name}": text for name, text in told.exception.items()}
        events.append(SimpleNamespace(name="exception", attributes=attributes))
    return SimpleNamespace(
        attributes=told.attributes,
        events=events,
        status=SimpleNamespace(status_code=STATUS[told.status], description=None),
        start_time=_ns(told.at[0]),
        end_time=_ns(told.at[1]),
        instrumentation_scope=SimpleNamespace(name=told.scope),
    )


@pytest.fixture
def send() -> Any:
    """Send spans, as a case tells them, down a road; give what was counted."""

    def run(spans: list[dict[str, Any]], road: str) -> Ledger:
        return Ledger().send([Told.of(span) for span in spans], road)

    return run


@pytest.fixture
def light() -> Any:
    """Make a light span, as a case tells it."""

    def make(**said: Any) -> Any:
        return _light(Told.of({"scope": "app", **said}))

    return make
