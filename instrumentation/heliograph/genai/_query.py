"""`heliograph.query`: what a user asked for, around all the calls it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from heliograph import _clock
from heliograph._version import __version__
from heliograph.genai import _sink, _text
from heliograph.genai import vocabulary as v
from heliograph.genai._run import CHAIN_KEY, RUN_KEY, RUNS, QueryIds, QueryRun
from heliograph.genai._scope import Scope, outcome

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

__all__ = ["query"]


class query(Scope[QueryRun]):  # noqa: N801 - read as a function: `with heliograph.query(...)`
    """One query: a span named `query <query_type>`, the `query_*` metrics and a `query.finished` event.

    Use it as a context manager (`with` or `async with`) or as a decorator of a function, coroutine function or
    generator. Ids are copied onto every span made within; `tenant`, `query_type` and `chain` are also labels of
    metrics, so keep them few. An exception that leaves the query makes it an error; a cancellation does not.

        with heliograph.query("answer", user_id="u-1", session_id="s-1") as q:
            ...
        print(q.trace_id, q.cost_usd)
    """

    def __init__(
        self,
        query_type: str = "default",
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        tenant: str | None = None,
        chain: str | None = None,
        prompt_name: str | None = None,
        prompt_version: str | None = None,
    ) -> None:
        self._ids = QueryIds(
            query_type=_text.short(query_type) or "default",
            user_id=_text.short(user_id),
            session_id=_text.short(session_id),
            tenant=_text.short(tenant),
            chain=_text.short(chain),
            prompt_name=_text.short(prompt_name),
            prompt_version=_text.short(prompt_version),
        )

    def _copy(self) -> query:
        fresh = query.__new__(query)
        fresh._ids = self._ids  # noqa: SLF001
        return fresh

    def _begin(self) -> tuple[QueryRun, Context]:
        ids = self._ids
        attributes = ids.span_attributes()
        if ids.chain is not None:
            attributes[v.CHAIN.name] = ids.chain
        self._span: Span = trace.get_tracer("heliograph", __version__).start_span(
            f"query {ids.query_type}", kind=SpanKind.INTERNAL, attributes=attributes
        )
        span_context = self._span.get_span_context()
        self._run = QueryRun(
            ids,
            trace_id=trace.format_trace_id(span_context.trace_id) if span_context.is_valid else "",
            attributes=ids.span_attributes(),
        )
        if span_context.is_valid:
            RUNS.add((span_context.trace_id, span_context.span_id), self._run)
        context = otel_context.set_value(RUN_KEY, self._run, trace.set_span_in_context(self._span))
        if ids.chain is not None:
            context = otel_context.set_value(CHAIN_KEY, ids.chain, context)
        self._started = _clock.perf_counter()
        sink = _sink.current()
        if sink is not None:
            sink.query_started(self._run)
        return self._run, context

    def _finish(self, error: BaseException | None) -> None:
        latency = _clock.perf_counter() - self._started
        status, error_type = outcome(error)
        if status == "success" and self._run.error_type is not None:
            status, error_type = "error", self._run.error_type
        span = self._span
        if span.is_recording() and status == "error":
            if error is not None:
                span.record_exception(error)
            span.set_attribute(v.ERROR_TYPE.name, error_type or "_OTHER")
            span.set_status(Status(StatusCode.ERROR, error_type))
        span.end()
        sink = _sink.current()
        if sink is not None:
            sink.query_finished(self._run, span.get_span_context(), status, error_type, latency)
