"""OpenTelemetry's SDK set up as its documentation does, with its OTLP exporters on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import set_tracer_provider

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

__all__ = ["Providers", "providers"]


@dataclass(frozen=True)
class Providers:
    """The three providers, which are the process's global ones, too."""

    tracers: TracerProvider
    meters: MeterProvider
    loggers: LoggerProvider

    def flush(self) -> None:
        """Export what waits."""
        self.tracers.force_flush()
        self.loggers.force_flush()
        self.meters.force_flush()


def providers(endpoint: str, *processors: SpanProcessor) -> Providers:
    """Make them and make them global; `processors` see the spans before the exporter does."""
    resource = Resource.create({"service.name": "bench"})
    tracers = TracerProvider(resource=resource)
    set_tracer_provider(tracers)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics"))
    meters = MeterProvider([reader], resource=resource)
    set_meter_provider(meters)
    loggers = LoggerProvider(resource=resource)
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{endpoint}/v1/logs")))
    set_logger_provider(loggers)
    for processor in processors:
        tracers.add_span_processor(processor)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    return Providers(tracers, meters, loggers)
