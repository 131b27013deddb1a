"""OpenTelemetry's own instrumentation of the client, its predecessor, and OpenInference's: on the plain SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import SpanProcessor

from benchmarks.overhead.worker._model import client
from benchmarks.overhead.worker._opentelemetry import providers
from benchmarks.overhead.worker._ready import Ready, of_client

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["official", "official_with_metrics", "openai_v2", "openinference"]


def official(endpoint: str) -> Ready:
    """Set up the official GenAI instrumentation, which has metrics of its own."""
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    return _instrumented(endpoint, OpenAIInstrumentor(), "opentelemetry-instrumentation-genai-openai")


def official_with_metrics(endpoint: str) -> Ready:
    """Set up the same with a processor that makes the three metrics of each span again, with labels of its own."""
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    processor = _Metrics()
    return _instrumented(endpoint, OpenAIInstrumentor(), "opentelemetry-instrumentation-genai-openai", processor)


def openai_v2(endpoint: str) -> Ready:
    """Set up the contrib instrumentation that came before."""
    from opentelemetry.instrumentation.openai_v2 import (  # type: ignore[import-not-found]
        OpenAIInstrumentor,
    )

    return _instrumented(endpoint, OpenAIInstrumentor(), "opentelemetry-instrumentation-openai-v2")


def openinference(endpoint: str) -> Ready:
    """Set up OpenInference's: spans with the prompts and answers in them, no metrics."""
    from openinference.instrumentation.openai import (  # type: ignore[import-not-found]
        OpenAIInstrumentor,
    )

    return _instrumented(endpoint, OpenAIInstrumentor(), "openinference-instrumentation-openai")


class _Metrics(SpanProcessor):
    """Duration, tokens and calls, from the attributes of a span that ended."""

    def __init__(self) -> None:
        from opentelemetry.metrics import get_meter

        meter = get_meter("bench")
        self._duration = meter.create_histogram("llm.duration", unit="s")
        self._tokens = meter.create_histogram("llm.tokens", unit="{token}")
        self._calls = meter.create_counter("llm.calls")

    def on_end(self, span: ReadableSpan) -> None:
        """Count it."""
        said = span.attributes or {}
        names = ("gen_ai.operation.name", "gen_ai.request.model", "gen_ai.response.model")
        labels = {name: said[name] for name in names if name in said}
        if span.start_time is not None and span.end_time is not None:
            self._duration.record((span.end_time - span.start_time) / 1e9, labels)
        for kind in ("input", "output"):
            count = said.get(f"gen_ai.usage.{kind}_tokens")
            if isinstance(count, int):
                self._tokens.record(count, {**labels, "gen_ai.token.type": kind})
        self._calls.add(1, {**labels, "outcome": "success" if span.status.is_ok else "error"})


def _instrumented(endpoint: str, instrumentor: Any, package: str, *processors: SpanProcessor) -> Ready:  # noqa: ANN401
    sdk = providers(endpoint, *processors)
    instrumentor.instrument(tracer_provider=sdk.tracers, meter_provider=sdk.meters, logger_provider=sdk.loggers)
    return of_client(client(), sdk.flush, package)
