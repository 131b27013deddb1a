"""The synthetic call: a span, a log line within it and a counter, by the very way that an application's take."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import heliograph
from heliograph._version import __version__
from heliograph.genai import vocabulary as v

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter
    from opentelemetry.trace import Tracer

__all__ = ["SERVICE", "Call", "Caller"]

SERVICE: Final = "heliograph-canary"
_SPAN: Final = "canary"


@dataclass(frozen=True)
class Call:
    """What is looked for."""

    trace_id: str
    """32 hexadecimal digits: on the span, on the line, on the counter's exemplar."""
    made: float
    """Unix time, seconds."""


class Caller:
    """Sends to `export` (base URL of OTLP/HTTP), metrics every `interval` seconds. One in a process.

    It goes through `heliograph.configure`: the same exporters, queues, pauses and deadlines as in an application. It
    carries no attribute of a model: the meter is not asked, and no `llm_*` or `query_*` counts it.
    """

    def __init__(self, export: str, *, interval: float) -> None:
        heliograph.configure(service_name=SERVICE, endpoint=export, metric_interval=interval, instrument=False)
        from opentelemetry import metrics, trace

        self._tracer: Tracer = trace.get_tracer("heliograph.canary", __version__)
        self._calls: Counter = metrics.get_meter("heliograph.canary", __version__).create_counter(
            v.CANARY_CALLS.name, description=v.CANARY_CALLS.description
        )
        # A record of this logger's is telemetry, not news for the terminal: it stops before other handlers.
        self._log = logging.getLogger("heliograph.canary.call")
        self._log.setLevel(logging.INFO)
        self._log.propagate = False
        self._log.addHandler(logging.NullHandler())

    def call(self) -> Call:
        """Make one call; it is under way when this returns."""
        made = time.time()
        with self._tracer.start_as_current_span(_SPAN, attributes={v.CANARY.name: True}) as span:
            trace_id = f"{span.get_span_context().trace_id:032x}"
            self._calls.add(1)
            self._log.info("canary %s", trace_id)
        return Call(trace_id, made)

    def close(self) -> None:
        """Send what is left, and say goodbye."""
        heliograph.shutdown()
