"""OpenTelemetry instruments made from the vocabulary, with its edges as advice to any MeterProvider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph._version import __version__
from heliograph.genai import vocabulary as v

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, MeterProvider, Observation
    from opentelemetry.metrics import _Gauge as Gauge

__all__ = ["Instruments"]


class Instruments:
    """One attribute per metric of the vocabulary that is recorded by hand."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter("heliograph", __version__)
        self.meter: Meter = meter
        self.requests = self._counter(v.LLM_REQUESTS)
        self.tokens = self._counter(v.LLM_TOKENS)
        self.cached_tokens = self._counter(v.LLM_CACHED_TOKENS)
        self.reasoning_tokens = self._counter(v.LLM_REASONING_TOKENS)
        self.unpriced_tokens = self._counter(v.LLM_UNPRICED_TOKENS)
        self.estimated_tokens = self._counter(v.LLM_ESTIMATED_TOKENS)
        self.cost = self._counter(v.LLM_COST)
        self.wasted_cost = self._counter(v.LLM_WASTED_COST)
        self.latency = self._histogram(v.LLM_LATENCY)
        self.time_to_first_token = self._histogram(v.LLM_TIME_TO_FIRST_TOKEN)
        self.time_per_output_token = self._histogram(v.LLM_TIME_PER_OUTPUT_TOKEN)
        self.client_retries = self._counter(v.LLM_CLIENT_RETRIES)
        self.quota_limit = self._gauge(v.LLM_QUOTA_LIMIT)
        self.quota_remaining = self._gauge(v.LLM_QUOTA_REMAINING)
        self.quota_used_ratio = self._gauge(v.LLM_QUOTA_USED_RATIO)
        self.late_calls = self._counter(v.LLM_LATE_CALLS)
        self.labels_folded = self._counter(v.LABELS_FOLDED)
        self.query_requests = self._counter(v.QUERY_REQUESTS)
        self.query_latency = self._histogram(v.QUERY_LATENCY)
        self.query_cost = self._histogram(v.QUERY_COST)
        self.query_llm_calls = self._histogram(v.QUERY_LLM_CALLS)
        self.chain_latency = self._histogram(v.CHAIN_LATENCY)
        self.tool_calls = self._counter(v.TOOL_CALLS)

    def observe(self, spec: v.MetricSpec, callback: Callable[[CallbackOptions], Iterable[Observation]]) -> None:
        """Report a gauge, or a counter kept elsewhere, by asking `callback` at every collection."""
        create = self.meter.create_observable_counter if spec.kind == "counter" else self.meter.create_observable_gauge
        create(spec.name, [callback], unit=spec.unit, description=spec.description)

    def _counter(self, spec: v.MetricSpec) -> Counter:
        return self.meter.create_counter(spec.name, unit=spec.unit, description=spec.description)

    def _gauge(self, spec: v.MetricSpec) -> Gauge:
        return self.meter.create_gauge(spec.name, unit=spec.unit, description=spec.description)

    def _histogram(self, spec: v.MetricSpec) -> Histogram:
        return self.meter.create_histogram(
            spec.name,
            unit=spec.unit,
            description=spec.description,
            explicit_bucket_boundaries_advisory=list(spec.edges),
        )
