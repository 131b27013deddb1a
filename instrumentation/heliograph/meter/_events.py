"""Events on their way to the collector: handed over once they are durable, kept until it has taken them."""

from __future__ import annotations

import copy
import json
from collections import deque
from typing import TYPE_CHECKING, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import TraceFlags

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.sdk._logs import ReadWriteLogRecord

__all__ = ["EventQueue"]

_encode: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class EventQueue(LogRecordProcessor):
    """Events of all applications until the collector has taken them. While `full`, no more calls are decided.

    One that is sent twice, since its delivery was not written down before a crash, is the same to the last digit: Loki
    takes two entries with one time, one text and the same labels for one.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._numbers = 0
        self._new: deque[tuple[int, ReadableLogRecord]] = deque()
        """Not durable yet."""
        self._written = 0
        self._records: deque[tuple[int, ReadableLogRecord]] = deque()
        self._delivered = 0
        self._told = 0

    def __len__(self) -> int:
        return len(self._records) + len(self._new)

    @property
    def full(self) -> bool:
        """Whether no call may be decided for now."""
        return len(self) >= self._capacity

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Take an event."""
        record = copy.copy(log_record.log_record)
        record.context = Context()  # it was needed for the ids, which the record has by now
        self._numbers += 1
        readable = ReadableLogRecord(
            log_record=record,
            resource=log_record.resource or Resource({}),
            instrumentation_scope=log_record.instrumentation_scope,
        )
        self._new.append((self._numbers, readable))

    def changes(self) -> tuple[list[tuple[int, str]], int, int]:
        """Give what to write, the number of the newest event, and the newest of the delivered ones (0: none since)."""
        rows = [(number, _body(record)) for number, record in self._new if number > self._written]
        self._written = self._numbers
        delivered = self._delivered if self._delivered > self._told else 0
        self._told = max(self._told, delivered)
        return rows, self._numbers, delivered

    def everything(self) -> tuple[list[tuple[int, str]], int]:
        """Give all that the collector has not taken, and the number of the newest."""
        self._written = self._numbers
        self._told = self._delivered
        return [(number, _body(record)) for number, record in (*self._records, *self._new)], self._numbers

    def publish(self, newest: int) -> None:
        """Hand over the events up to a number: they are durable."""
        while self._new and self._new[0][0] <= newest:
            self._records.append(self._new.popleft())

    def restore(self, rows: Iterable[tuple[int, str]]) -> None:
        """Go on with what another process could not deliver."""
        for number, body in rows:
            self._numbers = self._written = number
            self._records.append((number, _record(body)))

    def first(self, most: int) -> list[ReadableLogRecord]:
        """List the oldest events that are durable; they stay until `drop`."""
        return [self._records[i][1] for i in range(min(most, len(self._records)))]

    def drop(self, count: int) -> None:
        """Forget the oldest events."""
        for _ in range(count):
            self._delivered = self._records.popleft()[0]

    def shutdown(self) -> None:
        """Do nothing: delivery ends with the service."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing: `Delivery.close` empties the queue."""
        del timeout_millis
        return True


def _body(readable: ReadableLogRecord) -> str:
    record, scope = readable.log_record, readable.instrumentation_scope
    return _encode(
        [
            dict(readable.resource.attributes),
            [scope.name, scope.version] if scope is not None else None,
            record.timestamp,
            record.observed_timestamp,
            record.trace_id,
            record.span_id,
            record.trace_flags,
            record.severity_text,
            record.severity_number.value if record.severity_number is not None else None,
            record.body,
            dict(record.attributes or {}),
            record.event_name,
        ]
    )


def _record(body: str) -> ReadableLogRecord:
    resource, scope, at, observed, trace, span, flags, severity, level, text, attributes, name = json.loads(body)
    record = LogRecord(
        timestamp=at,
        observed_timestamp=observed,
        context=Context(),
        severity_text=severity,
        severity_number=SeverityNumber(level) if level is not None else None,
        body=text,
        attributes=attributes,
        event_name=name,
    )
    record.trace_id, record.span_id, record.trace_flags = trace, span, TraceFlags(flags or 0)
    return ReadableLogRecord(
        log_record=record,
        resource=Resource(resource),
        instrumentation_scope=InstrumentationScope(*scope) if scope is not None else None,
    )
