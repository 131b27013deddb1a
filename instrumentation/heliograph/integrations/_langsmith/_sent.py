"""The mark on spans of a process that sends its runs to LangSmith itself.

The collector can send a copy of all traces to LangSmith (collector/langsmith.yaml). A run must arrive there once: the
collector leaves out every trace that has a marked span. So nothing needs to be agreed on beforehand; a key that is
given to an application, or taken from it, moves the sending.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from heliograph.integrations._langsmith._attributes import SENT

if TYPE_CHECKING:
    from opentelemetry.context import Context

__all__ = ["SentMark"]


class SentMark(SpanProcessor):
    """Marks every span that starts once `set` was called."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401 - the SDK's TracerProvider, or one like it
        self._on = False
        self._provider = provider

    def set(self) -> None:
        """Mark every span from now on."""
        if not self._on:
            self._on = True
            with contextlib.suppress(AttributeError):
                self._provider.add_span_processor(self)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Mark the span."""
        del parent_context
        span.set_attribute(SENT, value=True)

    def on_end(self, span: ReadableSpan) -> None:
        """Leave it."""

    def shutdown(self) -> None:
        """Hold nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Hold nothing."""
        del timeout_millis
        return True
