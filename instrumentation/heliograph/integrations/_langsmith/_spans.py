"""Runs that are open, as spans."""

from __future__ import annotations

import logging
from collections import OrderedDict
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from heliograph._version import __version__
from heliograph.genai import _sink
from heliograph.genai import vocabulary as v
from heliograph.genai._run import RUNS, QueryIds, QueryRun, run_of
from heliograph.integrations._langsmith import _attributes
from heliograph.integrations._langsmith._live import LiveRun, around

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

    from opentelemetry.trace import Span, SpanContext, Tracer, TracerProvider

    from heliograph.integrations._langsmith._run import Run

__all__ = ["SCOPE", "RunSpans"]

_log = logging.getLogger("heliograph.integrations")

SCOPE: Final = "heliograph.langsmith"
"""Not `langsmith`: its own exporter hides errors, so that an exception event under that name is a failure."""

_MOST_OPEN: Final = 16_384
_MOST_TRACES: Final = 4_096
_OF_THE_TRACE: Final = 0
"""No span's id: whose runs a trace holds is known by the trace only."""


class RunSpans:
    """Starts and ends the span of each run. Methods may raise: who calls them keeps that from the application.

    At most 16 384 runs are open; the oldest, most likely abandoned, ends when there are more.
    """

    def __init__(self, provider: TracerProvider, *, captures_content: bool = False) -> None:
        self._provider = provider
        self.captures_content = captures_content
        self._made: Tracer | None = None
        # Dictionary operations are atomic, so no lock is held: there is none to be stuck in a forked child.
        self._open: OrderedDict[uuid.UUID, LiveRun] = OrderedDict()
        self._traces: OrderedDict[uuid.UUID, SpanContext] = OrderedDict()
        self._ended: OrderedDict[uuid.UUID, None] = OrderedDict()

    def get(self, run_id: uuid.UUID) -> LiveRun | None:
        """Find a run that is open."""
        return self._open.get(run_id)

    def start(self, run: Run, prompt: Mapping[str, Any] | None = None) -> LiveRun | None:
        """Begin the run's span and make it the current one; None where it was begun already."""
        if run.id in self._open or run.id in self._ended:
            return None
        live = self._begin(run)
        if prompt:
            live.span.set_attributes(_attributes.content(prompt, None))
        if run.end is not None:  # told as a whole, afterwards
            self._finish(live, run, None)
            return None
        self._open[run.id] = live
        while len(self._open) > _MOST_OPEN:
            _, oldest = self._open.popitem(last=False)
            oldest.ended = True
            oldest.span.end()
        live.enter()
        return live

    def end(self, run: Run, answer: Mapping[str, Any] | None = None) -> None:
        """End the run's span; of a run whose start was not seen, make the whole of it."""
        live = self._open.pop(run.id, None)
        if live is None:
            if run.start is None or run.id in self._ended:  # `trace` tells once more what was told within it
                return
            live = self._begin(run)
        self._finish(live, run.after(live.run), answer)
        live.leave()

    def _begin(self, run: Run) -> LiveRun:
        parent = self._parent(run)
        self._tell_ids(run, parent)
        token = _making.set((run.trace_id.int, _span_id(run.id)))
        try:
            span = self._tracer().start_span(
                run.name or "run",
                context=set_span_in_context(parent),
                kind=SpanKind.CLIENT if run.kind in _attributes.CALLS else SpanKind.INTERNAL,
                attributes=_attributes.at_start(run),
                start_time=run.start,
            )
        finally:
            _making.reset(token)
        self._traces[run.trace_id] = span.get_span_context()
        while len(self._traces) > _MOST_TRACES:
            self._traces.popitem(last=False)
        return LiveRun(run, span, around(trace.get_current_span()))

    def _parent(self, run: Run) -> Span:
        """Give the parent of the run's span.

        Among runs, what LangSmith says decides, since one may be told of in the middle of another. A run that has no
        parent there continues the trace it was called in.
        """
        current = trace.get_current_span()
        if run.parent_id is None:
            return around(current, within=run.trace_id)
        parent = self._open.get(run.parent_id)
        if parent is not None:
            return parent
        seen = self._traces.get(run.trace_id)
        if seen is None and around(current).get_span_context().is_valid:
            return around(current)  # its parent is in another process; the trace came along by other means
        # Ended before its child began, or told later than it. Its span has, or will have, this very id.
        return trace.NonRecordingSpan(
            trace.SpanContext(
                seen.trace_id if seen is not None else run.trace_id.int,
                _span_id(run.parent_id),
                is_remote=seen is None,
                trace_flags=seen.trace_flags if seen is not None else trace.TraceFlags(trace.TraceFlags.SAMPLED),
            )
        )

    @staticmethod
    def _tell_ids(run: Run, parent: Span) -> None:
        """Have the spans and calls of the trace carry the user and session of the run's metadata.

        A query's own ids go first. Where the runs of one trace name different people, the calls within them carry
        nobody's: by the trace alone it cannot be said whose they are. The runs' own spans say it in any case.
        """
        user, session = _attributes.ids_of(run)
        if (user is None and session is None) or run_of() is not None:
            return
        around_it = parent.get_span_context()
        trace_id = around_it.trace_id if around_it.is_valid else run.trace_id.int
        known = RUNS.get(trace_id)
        if known is None:
            ids = _RunOwner(
                QueryIds(user_id=user, session_id=session),
                attributes={
                    name: value for name, value in ((v.USER_ID.name, user), (v.SESSION_ID.name, session)) if value
                },
            )
            RUNS.add((trace_id, _OF_THE_TRACE), ids)
            sink = _sink.current()
            if sink is not None:
                sink.query_started(ids)
        elif isinstance(known, _RunOwner) and (known.ids.user_id, known.ids.session_id) != (user, session):
            RUNS.add((trace_id, _OF_THE_TRACE), _RunOwner(QueryIds()))

    def _finish(self, live: LiveRun, run: Run, answer: Mapping[str, Any] | None) -> None:
        span = live.span
        live.ended = True
        self._ended[run.id] = None
        while len(self._ended) > _MOST_TRACES:
            self._ended.popitem(last=False)
        if span.is_recording():
            said = _attributes.at_end(run)
            present = getattr(span, "attributes", None) or {}
            for name in (v.USER_ID.name, v.SESSION_ID.name):  # a query's own, copied at the start, go first
                if name in present:
                    said.pop(name, None)
            if answer:
                said |= _attributes.content(None, answer)
            span.set_attributes(said)
            if run.name:
                span.update_name(run.name)
            _set_outcome(span, run)
        span.end(run.end)

    def _tracer(self) -> Tracer:
        if self._made is None:
            tracer: Any = self._provider.get_tracer(SCOPE, __version__)
            generator = getattr(tracer, "id_generator", None)
            if isinstance(generator, IdGenerator):
                tracer.id_generator = _RunIds(generator)
            self._made = tracer
        return self._made


def _set_outcome(span: Span, run: Run) -> None:
    failure = _attributes.error_of(run)
    if failure is None:
        if run.error is None:
            span.set_status(StatusCode.OK)
        return
    kind, message, traceback = failure
    span.set_attribute(v.ERROR_TYPE.name, kind)
    event = {"exception.type": kind, "exception.message": message}
    if traceback:
        event["exception.stacktrace"] = traceback
    span.add_event("exception", event, run.end)
    span.set_status(StatusCode.ERROR, kind)


def _span_id(run_id: uuid.UUID) -> int:
    """Take the random half of a run's UUID; its other half is mostly the time, equal for runs of one moment."""
    return run_id.int & 0xFFFF_FFFF_FFFF_FFFF


_making: ContextVar[tuple[int, int] | None] = ContextVar("heliograph-langsmith-run", default=None)
"""(trace id, span id) of the span that is being made on this thread."""


class _RunOwner(QueryRun):
    """Whose runs a trace holds, as their metadata say; no query, and not counted as one."""

    is_query = False


class _RunIds(IdGenerator):
    """Ids of the run at hand: a trace without spans of others has the id LangSmith shows for it."""

    def __init__(self, within: IdGenerator) -> None:
        self._within = within

    def generate_span_id(self) -> int:
        """Take the run's id."""
        run = _making.get()
        return (run[1] if run is not None else 0) or self._within.generate_span_id()

    def generate_trace_id(self) -> int:
        """Take the id of the root run."""
        run = _making.get()
        return (run[0] if run is not None else 0) or self._within.generate_trace_id()

    def is_trace_id_random(self) -> bool:
        """Answer as the generator within."""
        return _making.get() is None and self._within.is_trace_id_random()
