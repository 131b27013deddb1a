"""An application that knows only `configure`, run under `opentelemetry-instrument`."""

from __future__ import annotations

import logging

import heliograph
from calls import ask
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider

before = (trace.get_tracer_provider(), metrics.get_meter_provider(), get_logger_provider())
logging.basicConfig(level=logging.INFO)
heliograph.configure(service_name="ours")
with heliograph.query("plain", user_id="u"), heliograph.chain("answer"):
    ask()
    logging.getLogger("app").info("looked it up")
# Proxies stand where there are no providers.
assert "Proxy" in type(before[0]).__name__ or before == (
    trace.get_tracer_provider(),
    metrics.get_meter_provider(),
    get_logger_provider(),
)
