"""Where captures tap OpenTelemetry's SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.trace import format_span_id, format_trace_id

from heliograph.testing._captured import CapturedLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk._logs import ReadWriteLogRecord

__all__ = ["LogTap", "delta_reader"]


class LogTap(LogRecordProcessor):
    """Hands every log record on, at once."""

    def __init__(self, receive: Callable[[CapturedLog], None]) -> None:
        self._receive = receive

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Hand the record on."""
        record = log_record.log_record
        self._receive(
            CapturedLog(
                name=record.event_name or "",
                body="" if record.body is None else str(record.body),
                severity=record.severity_text or "",
                attributes=dict(record.attributes or {}),
                trace_id=format_trace_id(record.trace_id) if record.trace_id else "",
                span_id=format_span_id(record.span_id) if record.span_id else "",
            )
        )

    def shutdown(self) -> None:
        """Nothing is held."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held."""
        del timeout_millis
        return True


def delta_reader() -> InMemoryMetricReader:
    """Make a reader whose every collection gives what was recorded since the one before."""
    delta = AggregationTemporality.DELTA
    return InMemoryMetricReader(preferred_temporality={Counter: delta, Histogram: delta, ObservableCounter: delta})
