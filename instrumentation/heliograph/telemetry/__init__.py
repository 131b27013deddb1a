"""Traces, metrics and logs of an application, over OTLP, in one call."""

from __future__ import annotations

from heliograph.telemetry._api import configure, flush, metrics_endpoint, shutdown
from heliograph.telemetry._json import JsonFormatter, log_json
from heliograph.telemetry._structlog import add_trace_context

__all__ = ["JsonFormatter", "add_trace_context", "configure", "flush", "log_json", "metrics_endpoint", "shutdown"]
