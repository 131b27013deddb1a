"""The span that code within a run sees as the current one.

A run's code is not always left through the door it was entered by: a stream is abandoned, a callback comes on another
thread, a context is a copy. A real span left behind as the current one would adopt whatever runs on that thread later.
This one steps aside when its run has ended: it then stands for what was current around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, get_current_span, set_span_in_context

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

    from opentelemetry.trace import SpanContext, Status, StatusCode
    from opentelemetry.util.types import Attributes, AttributeValue

    from heliograph.integrations._langsmith._run import Run

__all__ = ["LiveRun", "around"]


class LiveRun(Span):
    """A run that is open, its span, and the span around it. Ending it is its owner's part."""

    def __init__(self, run: Run, span: Span, outer: Span) -> None:
        self.run = run
        self.span = span
        self.outer = outer
        self.ended = False
        self.scoped = False

    def enter(self, *, scoped: bool = False) -> None:
        """Be the current span of this thread or task from now on.

        `scoped`: a function or block is left with the run, so that whatever starts meanwhile is within it. Of runs that
        are told of, one after the other, that cannot be said.
        """
        self.scoped = self.scoped or scoped
        if get_current_span() is not self:
            otel_context.attach(set_span_in_context(self))

    def leave(self) -> None:
        """Give way to the span around, where this one is the current one."""
        if get_current_span() is self:
            otel_context.attach(set_span_in_context(around(self.outer)))

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: the run ends it."""

    def get_span_context(self) -> SpanContext:
        """Give the run's span while it is open, and then what is around it."""
        return (around(self.outer) if self.ended else self.span).get_span_context()

    def is_recording(self) -> bool:
        """Whether attributes and events are kept."""
        return not self.ended and self.span.is_recording()

    @property
    def attributes(self) -> Mapping[str, Any] | None:
        """What the span says so far; the SDK's spans have it, and our transport hook reads it."""
        return None if self.ended else getattr(self.span, "attributes", None)

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set on the run's span."""
        self.span.set_attributes(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set on the run's span."""
        self.span.set_attribute(key, value)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add to the run's span."""
        self.span.add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add to the run's span."""
        self.span.add_link(context, attributes)

    def update_name(self, name: str) -> None:
        """Rename the run's span."""
        self.span.update_name(name)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set on the run's span."""
        self.span.set_status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT001, FBT002 - the API's signature
    ) -> None:
        """Record on the run's span."""
        self.span.record_exception(exception, attributes, timestamp, escaped)


def around(span: Span, *, within: uuid.UUID | None = None) -> Span:
    """Pass over runs that have ended; with `within`, also over those told of meanwhile that are of other traces."""
    while isinstance(span, LiveRun) and (
        span.ended or (within is not None and not span.scoped and span.run.trace_id != within)
    ):
        span = span.outer
    return span
