"""The span that a measurement's exemplar names: the call's, or none.

In a span processor's `on_end` the current span is the parent, and whoever settles the metering line may be in a span of
anything: the context is always given. Never an empty one: the SDK takes it for none (`context or get_current()`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, set_span_in_context

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

__all__ = ["NO_EXEMPLAR", "exemplar_of"]

NO_EXEMPLAR: Final = set_span_in_context(INVALID_SPAN, Context())
"""For metrics that need none: a reservoir per series costs time and bytes."""


def exemplar_of(where: SpanContext) -> Context:
    """Make a context whose span is `where`."""
    return set_span_in_context(NonRecordingSpan(where), Context())
