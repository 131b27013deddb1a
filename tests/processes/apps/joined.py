"""An application with OpenTelemetry and logging of its own, set up as argv says, before and after `configure`."""

from __future__ import annotations

import logging
import logging.config
import multiprocessing
import os
import sys

from calls import ask
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider, set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, TraceIdRatioBased

import heliograph

ways = set(sys.argv[1:])
theirs = os.environ.get("THEIRS") or os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
resource = Resource.create({"service.name": "theirs", "service.instance.id": "their-instance"})
seen: list[object] = []


class Watcher(SpanProcessor):
    def on_end(self, span: object) -> None:
        seen.append(span)


sampler = ParentBased(TraceIdRatioBased(0.1)) if "sampler" in ways else ALWAYS_ON
if "tracer" in ways:
    tracers = TracerProvider(sampler=sampler, resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{theirs}/v1/traces")))
    tracers.add_span_processor(Watcher())
    trace.set_tracer_provider(tracers)
if "meter" in ways:
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{theirs}/v1/metrics"), export_interval_millis=60_000)
    metrics.set_meter_provider(MeterProvider([reader], resource=resource))
if "logger" in ways:
    loggers = LoggerProvider(resource=resource)
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{theirs}/v1/logs")))
    set_logger_provider(loggers)
if "basic-before" in ways:
    logging.basicConfig(level=logging.INFO, format="theirs %(message)s", stream=sys.stdout)
handlers = list(logging.getLogger().handlers)
before = (trace.get_tracer_provider(), metrics.get_meter_provider(), get_logger_provider())

heliograph.configure(service_name="ours", endpoint=os.environ.get("OURS"))

if "basic-after" in ways:
    logging.basicConfig(level=logging.INFO, format="theirs %(message)s", stream=sys.stdout)
    handlers = list(logging.getLogger().handlers)
if "dict" in ways:
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": True,
            "formatters": {"short": {"format": "theirs %(message)s"}},
            "handlers": {"out": {"class": "logging.StreamHandler", "stream": sys.stdout, "formatter": "short"}},
            "root": {"level": "INFO", "handlers": ["out"]},
        }
    )
    handlers = list(logging.getLogger().handlers)


def work(number: int) -> None:
    with heliograph.query("joined", user_id=f"u{number}"):
        ask()
        logging.getLogger("app").info("asked %d", number)


for number in range(int(os.environ.get("CALLS", "3"))):
    work(number)
if "fork" in ways:
    child = multiprocessing.get_context("fork").Process(target=work, args=(9,))
    child.start()
    child.join()
if "tracer" in ways:
    assert trace.get_tracer_provider() is before[0]
    print("watched", len(seen))
if "meter" in ways:
    assert metrics.get_meter_provider() is before[1]
if "logger" in ways:
    assert get_logger_provider() is before[2]
assert logging.getLogger().handlers == handlers
