"""The outboxes of spans and log records, as processors of the SDK."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor

from heliograph.telemetry._outbox import Outbox
from heliograph.telemetry._weights import weight_of_log, weight_of_span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk.trace import ReadableSpan

    from heliograph.telemetry._drops import Drops
    from heliograph.telemetry._outbox import Bounds

__all__ = ["LimitWatch", "LogOutbox", "SpanOutbox"]


class LimitWatch(SpanProcessor):
    """Counts spans that OpenTelemetry's limits (of attributes, events and links) cost a part.

    It sees them as they end: the copy that is exported, without content, does not tell any more.
    """

    def __init__(self, drops: Drops) -> None:
        self._drops = drops

    def on_end(self, span: ReadableSpan) -> None:
        """Count the span if it lacks something."""
        if span.dropped_attributes or span.dropped_events or span.dropped_links:
            self._drops.add("traces", "limits", 1)


class SpanOutbox(SpanProcessor):
    """Queues sampled spans as they end."""

    def __init__(self, deliver: Callable[[Sequence[ReadableSpan]], object], bounds: Bounds, drops: Drops) -> None:
        self.outbox: Outbox[ReadableSpan] = Outbox(
            "heliograph-spans",
            deliver,
            weight_of_span,
            lambda reason, count: drops.add("traces", reason, count),
            bounds,
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span."""
        if span.context is not None and span.context.trace_flags.sampled:
            self.outbox.put(span)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have what waits delivered."""
        return self.outbox.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Do nothing: the runtime closes the outbox, within the time that it has."""


class LogOutbox(LogRecordProcessor):
    """Queues log records as they are made."""

    def __init__(self, deliver: Callable[[Sequence[ReadableLogRecord]], object], bounds: Bounds, drops: Drops) -> None:
        self._drops = drops
        self.outbox: Outbox[ReadableLogRecord] = Outbox(
            "heliograph-logs", deliver, weight_of_log, lambda reason, count: drops.add("logs", reason, count), bounds
        )

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue a copy without its context, which may hold anything of the application's."""
        given = copy.copy(log_record.log_record)
        given.context = Context()
        record = ReadableLogRecord(
            given, log_record.resource or Resource.get_empty(), log_record.instrumentation_scope, log_record.limits
        )
        if record.dropped_attributes:
            self._drops.add("logs", "limits", 1)
        self.outbox.put(record)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have what waits delivered."""
        return self.outbox.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Do nothing: the runtime closes the outbox, within the time that it has."""
