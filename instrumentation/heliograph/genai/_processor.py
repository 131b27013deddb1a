"""The span processor: ids onto spans as they start, metrics from model calls and runs of tools as they end.

Spans go on to `downstream` (the exporting processor) with what only we know added: the cost, the mark that
the call is metered, the error that LangSmith's status hides; and without content unless it was asked for.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import get_current
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import Status, StatusCode

from heliograph.genai import vocabulary as v
from heliograph.genai._dedupe import Dedupe, SpanKey
from heliograph.genai._mark import metered_elsewhere, renew
from heliograph.genai._plain import attributes_of
from heliograph.genai._read import call_at_start, failure_of, is_call, looks_like_genai, read_call, read_ids, read_tool
from heliograph.genai._run import RUNS, QueryIds, QueryRun, chain_of, run_of
from heliograph.genai._tool import ToolRuns
from heliograph.guard import ContentPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span
    from opentelemetry.trace import SpanContext

    from heliograph.genai._meter import CallMeter

__all__ = ["GenAIProcessor"]

_log = logging.getLogger(__name__)
_MOST_OPEN: Final = 16_384
_HEAVY: Final = 100_000
"""Characters."""
_NOBODY: Final = QueryIds()


class GenAIProcessor(SpanProcessor):
    """Meters model calls. Nothing here raises; nothing here blocks.

    What ends is worked off on the meter's line, where it has one: metrics, events and exported spans follow a call
    by some milliseconds. `force_flush` waits for them.
    """

    def __init__(
        self, meter: CallMeter, downstream: SpanProcessor | None = None, *, content: ContentPolicy | None = None
    ) -> None:
        self._meter = meter
        self._downstream = downstream
        self._content = content or ContentPolicy()
        self._dedupe = Dedupe()
        self._tools = ToolRuns()
        self.taps: list[Callable[[ReadableSpan], None]] = []
        """Each gets every finished span as it is exported, on the thread that works it off: for tests."""
        # The chain and query of spans that are open. Dictionary operations are atomic, so no lock is held.
        self._open: OrderedDict[SpanKey, tuple[QueryRun | None, str | None]] = OrderedDict()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Copy the query's ids onto the span and remember whose child it is."""
        try:
            self._start(span, parent_context)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a span could not be prepared", exc_info=True)
        if self._downstream is not None:
            self._downstream.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Have the call counted, if the span is one, and the span handed on."""
        line = self._meter.line
        if line is not None:
            line.submit(self._work, span, heavy=_is_heavy(span))
        else:
            self._work(span)

    def shutdown(self) -> None:
        """Count what waits, and shut down what is behind."""
        self._meter.settle()
        if self._downstream is not None:
            self._downstream.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Count what waits, and flush what is behind."""
        self._meter.settle()
        return self._downstream is None or self._downstream.force_flush(timeout_millis)

    def after_fork(self) -> None:
        """Forget what the parent process had open."""
        renew()
        self._dedupe.after_fork()
        self._open.clear()

    def _start(self, span: Span, parent_context: Context | None) -> None:
        context = span.get_span_context()
        key = _key(context)
        parent = _key(span.parent) if span.parent is not None else None
        attributes = attributes_of(span)
        self._dedupe.started(key, parent, operation=call_at_start(attributes))
        around = get_current() if parent_context is None else parent_context
        run = run_of(around) or RUNS.get(context.trace_id)
        chain = chain_of(around)
        self._open[key] = (run, chain)
        while len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        said: dict[str, Any] = dict(run.attributes) if run is not None else {}
        if chain is not None and v.CHAIN.name not in attributes:
            said[v.CHAIN.name] = chain
        if looks_like_genai(attributes):
            if v.METERED.name not in attributes:  # our own instrumentors' spans start with it
                said[v.METERED.name] = True
            self._meter.warm()
        if said:
            span.set_attributes(said)  # all at once: each call takes the span's lock

    def _work(self, span: ReadableSpan) -> None:
        try:
            span = self._end(span)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a span could not be metered", exc_info=True)
            span = self._content.span(span)
        for tap in self.taps:
            tap(span)
        if self._downstream is not None:
            self._downstream.on_end(span)

    def _end(self, span: ReadableSpan) -> ReadableSpan:
        context = span.context
        if context is None:
            return span
        key = _key(context)
        self._dedupe.ended(key)
        run, chain = self._open.pop(key, (None, None))
        added: dict[str, Any] = {}
        if is_call(span):
            added[v.METERED.name] = True
            call = read_call(span)
            if not metered_elsewhere(span.parent) and not self._dedupe.is_repeat(
                call, key, _key(span.parent) if span.parent else None
            ):
                ids = run.ids if run is not None else read_ids(span)
                cost = self._meter.count(
                    call, where=context, ids=None if ids == _NOBODY else ids, chain=chain or ids.chain, run=run
                )
                if cost is not None:
                    added[v.COST_USD.name] = cost
            elif run is not None:
                run.requests.drop(context.span_id)
        elif (tool := read_tool(span)) is not None:
            added[v.METERED.name] = True
            if not self._tools.is_repeat(tool):
                ids = run.ids if run is not None else read_ids(span)
                self._meter.count_tool(tool, chain=chain or ids.chain)
        else:
            own = RUNS.of_span(key)
            if own is not None:
                added[v.COST_USD.name] = own.counted_cost
        return self._finished(span, added)

    def _finished(self, span: ReadableSpan, added: dict[str, Any]) -> ReadableSpan:
        hidden_error = span.status.status_code is StatusCode.OK and failure_of(span) is not None
        return self._content.span(span, added, Status(StatusCode.ERROR, failure_of(span)) if hidden_error else None)


def _is_heavy(span: ReadableSpan) -> bool:
    """Whether an attribute of a span is larger than any that is sent."""
    # The SDK's mapping takes a lock for each item that is read; the dictionary within does not.
    attributes: Any = getattr(getattr(span, "_attributes", None), "_dict", None) or {}
    try:
        return any([len(value) > _HEAVY for value in attributes.values() if value.__class__ is str])  # noqa: C419 - faster
    except RuntimeError:  # it changes meanwhile
        return False


def _key(context: SpanContext) -> SpanKey:
    return context.trace_id, context.span_id
