"""`heliograph.chain`: a named part of the work, such as retrieve, answer or summarise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

from heliograph import _clock
from heliograph._version import __version__
from heliograph.genai import _sink, _text
from heliograph.genai import vocabulary as v
from heliograph.genai._run import CHAIN_KEY
from heliograph.genai._scope import Scope, outcome

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

__all__ = ["chain"]


class chain(Scope[str]):  # noqa: N801 - read as a function: `with heliograph.chain("retrieve")`
    """One run of a chain: a span `chain <name>`, and `chain.started` and `chain.finished` events.

    The innermost chain is the label `chain` of the calls made within. Forms: as `heliograph.query`.
    """

    def __init__(self, name: str) -> None:
        self._name = _text.short(name) or "default"

    def _copy(self) -> chain:
        return chain(self._name)

    def _begin(self) -> tuple[str, Context]:
        self._span: Span = trace.get_tracer("heliograph", __version__).start_span(
            f"chain {self._name}", attributes={v.CHAIN.name: self._name}
        )
        context = otel_context.set_value(CHAIN_KEY, self._name, trace.set_span_in_context(self._span))
        self._started = _clock.perf_counter()
        sink = _sink.current()
        if sink is not None:
            sink.chain_started(self._name, context)
        return self._name, context

    def _finish(self, error: BaseException | None) -> None:
        latency = _clock.perf_counter() - self._started
        status, error_type = outcome(error)
        span = self._span
        if status == "error" and error is not None and span.is_recording():
            span.record_exception(error)
            span.set_attribute(v.ERROR_TYPE.name, error_type or "_OTHER")
            span.set_status(Status(StatusCode.ERROR, error_type))
        span.end()
        sink = _sink.current()
        if sink is not None:
            sink.chain_finished(self._name, span.get_span_context(), status, error_type, latency)
