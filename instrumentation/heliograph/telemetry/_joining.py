"""Providers: ours where there is none, the application's own where there is one."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import DropAggregation, ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import _get_from_env_or_default

from heliograph.genai import vocabulary as v
from heliograph.telemetry._sampler import MeterAllSampler, may_drop

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

    from heliograph.telemetry._reader import PushOrPullReader

__all__ = ["logger_provider", "meter_provider", "sends_to", "tracer_provider", "views"]

_log = logging.getLogger("heliograph.telemetry")


def tracer_provider(resource: Resource) -> tuple[TracerProvider | None, bool]:
    """Give the provider to add our processor to, and whether it is ours.

    None where the application uses a tracing library that is not the SDK: nothing can be added to that.
    """
    present = trace.get_tracer_provider()
    # Some libraries put a provider of their own around the SDK's (Logfire's ProxyTracerProvider has it as `provider`).
    within = getattr(present, "provider", None)
    if not isinstance(present, TracerProvider) and isinstance(within, TracerProvider):
        present = within
    if isinstance(present, TracerProvider):
        if may_drop(present.sampler):
            _log.warning(
                "the application's own TracerProvider samples (%s): model calls in traces it drops are in no metric. "
                "Call heliograph.configure() first to have all of them counted.",
                present.sampler.get_description(),
            )
        return present, False
    if not isinstance(present, trace.ProxyTracerProvider):
        _log.warning("the TracerProvider in use (%s) is not OpenTelemetry's SDK: no calls are counted", type(present))
        return None, False
    provider = TracerProvider(
        sampler=MeterAllSampler(_get_from_env_or_default()), resource=resource, shutdown_on_exit=False
    )
    trace.set_tracer_provider(provider)
    return provider, True


def meter_provider(resource: Resource, reader: PushOrPullReader, endpoint: str) -> tuple[MeterProvider, bool]:
    """Give the provider that counts, with `reader` added, and whether it is ours.

    `reader` no longer pushes where the application's own provider already sends to `endpoint`.
    """
    present = metrics.get_meter_provider()
    if isinstance(present, MeterProvider):
        if reader.pushes and sends_to(present, endpoint):
            # Twice the same series, with start times that differ: a store would see a reset at every push.
            _log.warning(
                "the application's own MeterProvider sends to %s already: metrics go with it, every %s s. For alerts "
                "within a minute set OTEL_METRIC_EXPORT_INTERVAL=5000.",
                endpoint,
                _interval_of(present),
            )
            reader.stop_pushing()
        present.add_metric_reader(reader)
        return present, False
    provider = MeterProvider([reader], resource=resource, views=views(), shutdown_on_exit=False)
    if type(present).__module__.startswith("opentelemetry.metrics"):
        metrics.set_meter_provider(provider)
    return provider, True


def logger_provider(resource: Resource) -> tuple[LoggerProvider, bool]:
    """Give the provider that logs go to, and whether it is ours."""
    present = get_logger_provider()
    if isinstance(present, LoggerProvider):
        return present, False
    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    if type(present).__module__.startswith("opentelemetry._logs"):
        set_logger_provider(provider)
    return provider, True


def views() -> list[View]:
    """Edges of our histograms; and the instrumentors' duplicates of our metrics, off unless asked for.

    `gen_ai.client.*` costs a record per streamed chunk and a label per system fingerprint. It is kept with
    HELIOGRAPH_GENAI_METRICS=true.
    """
    edges = [
        View(instrument_name=spec.name, aggregation=ExplicitBucketHistogramAggregation(list(spec.edges)))
        for spec in v.METRICS
        if spec.kind == "histogram"
    ]
    if keeps_official_metrics():
        return edges
    return [*edges, View(instrument_name="gen_ai.client.*", aggregation=DropAggregation())]


def keeps_official_metrics() -> bool:
    """Whether the user wants the instrumentors' own `gen_ai.client.*` beside ours."""
    return os.environ.get("HELIOGRAPH_GENAI_METRICS", "").strip().lower() in {"1", "true", "yes"}


def sends_to(provider: object, endpoint: str) -> bool:
    """Whether a processor or reader of the provider already sends OTLP to `endpoint`, as far as can be seen.

    The SDK has no public way to ask; what cannot be seen is taken as a no.
    """
    base = endpoint.rstrip("/")
    return any(str(found).startswith(base) for found in _endpoints(provider))


def _interval_of(provider: MeterProvider) -> str:
    for reader in getattr(provider, "_metric_readers", ()):
        interval = getattr(reader, "_export_interval_millis", None)
        if interval:
            return f"{interval / 1000:g}"
    return "60"


def _endpoints(provider: Any) -> list[object]:  # noqa: ANN401
    holders: list[Any] = []
    for path in (
        ("_active_span_processor", "_span_processors"),
        ("_multi_log_record_processor", "_log_record_processors"),
    ):
        found = provider
        for name in path:
            found = getattr(found, name, None)
        holders.extend(found or ())
    holders.extend(getattr(provider, "_metric_readers", None) or ())
    endpoints: list[object] = []
    for holder in holders:
        for inner in (("span_exporter",), ("_batch_processor", "_exporter"), ("_exporter",)):
            exporter: Any = holder
            for name in inner:
                exporter = getattr(exporter, name, None)
            endpoint = getattr(exporter, "_endpoint", None)
            if endpoint:
                endpoints.append(endpoint)
    return endpoints
