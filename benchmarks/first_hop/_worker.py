"""One application, asked for a burst of work at a time: `_worker.py KIND ENDPOINT`; a number on stdin is a burst."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Final

from opentelemetry import trace

PAUSE: Final = 0.002
"""Seconds between two pieces of work: 500 a second, as much as a busy service does."""
ATTRIBUTES: Final[dict[str, str | int | float]] = {
    "app.user": "u-1",
    "app.route": "/answer",
    "app.size": 1234,
    "app.cached": False,
    "app.ms": 12.5,
}


def _plain(endpoint: str) -> None:
    """Set up OpenTelemetry's SDK as its documentation does, with its own OTLP exporters."""
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.logging.handler import LoggingHandler
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(tracers)
    loggers = LoggerProvider()
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{endpoint}/v1/logs")))
    set_logger_provider(loggers)
    logging.getLogger("work").addHandler(LoggingHandler(logger_provider=loggers))


def main() -> None:
    """Answer each burst with the microseconds of its spans and of its log lines, sorted."""
    kind, endpoint = sys.argv[1:]
    if kind == "plain":
        _plain(endpoint)
    else:
        import heliograph

        heliograph.configure("work", endpoint=endpoint)
    tracer, log = trace.get_tracer("work"), logging.getLogger("work")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.NullHandler())
    for line in sys.stdin:
        spans, lines = [], []
        for number in range(int(line)):
            started = time.perf_counter()
            with tracer.start_as_current_span("work", attributes=ATTRIBUTES):
                pass
            between = time.perf_counter()
            log.info("worked on %d", number)
            lines.append((time.perf_counter() - between) * 1e6)
            spans.append((between - started) * 1e6)
            time.sleep(PAUSE)
        print(json.dumps({"span": sorted(spans), "log": sorted(lines)}), flush=True)


if __name__ == "__main__":
    main()
