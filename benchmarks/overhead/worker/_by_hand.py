"""The yardstick: what a careful person writes around a call with OpenTelemetry, one span and three metrics."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span, SpanKind

from benchmarks.overhead.worker import _model
from benchmarks.overhead.worker._opentelemetry import Providers, providers
from benchmarks.overhead.worker._ready import Ready

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

__all__ = ["by_hand"]


class _Written:
    """Calls with a span of the GenAI conventions, the duration, the tokens of both kinds, and a count."""

    def __init__(self, client: Any, sdk: Providers) -> None:  # noqa: ANN401
        self._client = client
        self._tracer = sdk.tracers.get_tracer("bench")
        meter = sdk.meters.get_meter("bench")
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", unit="s")
        self._tokens = meter.create_histogram("gen_ai.client.token.usage", unit="{token}")
        self._calls = meter.create_counter("llm.calls")
        self._labels: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": _model.MODEL,
        }

    def chat(self, number: int) -> None:
        """Ask and read the answer."""
        started = time.perf_counter()
        with self._tracer.start_as_current_span("chat", kind=SpanKind.CLIENT, attributes=self._labels) as span:
            answer = self._client.chat.completions.create(model=_model.MODEL, messages=_model.messages(number))
            self._ended(span, started, answer, answer.choices[0].finish_reason)

    def stream(self, number: int) -> None:
        """Ask and read the answer piece by piece."""
        started = time.perf_counter()
        with self._tracer.start_as_current_span("chat", kind=SpanKind.CLIENT, attributes=self._labels) as span:
            reason = "error"
            for piece in self._client.chat.completions.create(
                model=_model.MODEL,
                messages=_model.messages(number),
                stream=True,
                stream_options={"include_usage": True},
            ):
                if piece.choices and piece.choices[0].finish_reason:
                    reason = piece.choices[0].finish_reason
                if piece.usage is not None:
                    self._ended(span, started, piece, reason)

    def _ended(self, span: Span, started: float, answer: Any, reason: str) -> None:  # noqa: ANN401
        usage = answer.usage
        span.set_attribute("gen_ai.response.model", answer.model)
        span.set_attribute("gen_ai.response.id", answer.id)
        span.set_attribute("gen_ai.response.finish_reasons", [reason])
        span.set_attribute("gen_ai.usage.input_tokens", usage.prompt_tokens)
        span.set_attribute("gen_ai.usage.output_tokens", usage.completion_tokens)
        labels = {**self._labels, "gen_ai.response.model": answer.model}
        self._duration.record(time.perf_counter() - started, labels)
        self._tokens.record(usage.prompt_tokens, {**labels, "gen_ai.token.type": "input"})
        self._tokens.record(usage.completion_tokens, {**labels, "gen_ai.token.type": "output"})
        self._calls.add(1, {**labels, "outcome": "success"})


def by_hand(endpoint: str) -> Ready:
    """Set it up."""
    sdk = providers(endpoint)
    written = _Written(_model.client(), sdk)
    return Ready(written.chat, written.stream, sdk.flush, ("opentelemetry-sdk",))
