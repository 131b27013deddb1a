"""How much memory a finished span or log record holds, roughly and cheaply: a queue is bounded by it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Link

__all__ = ["weight_of_log", "weight_of_span"]

# Measured with tracemalloc on CPython 3.11: a span of the SDK without attributes, a record, an event or link, an entry.
_SPAN: Final = 1500
_LOG: Final = 900
_PART: Final = 500
_ENTRY: Final = 100
_NUMBER: Final = 32
_DEEPEST: Final = 20


def weight_of_span(span: ReadableSpan) -> int:
    """Give a span's bytes."""
    total = _SPAN + sys.getsizeof(span.name) + _attributes(getattr(span, "_attributes", None))
    parts: Iterable[Event | Link] = (*span.events, *span.links) if span.events or span.links else ()
    for part in parts:
        total += _PART + _attributes(part.attributes)
    return total + len(span.status.description or "")


def weight_of_log(record: ReadableLogRecord) -> int:
    """Give a record's bytes."""
    inner = record.log_record
    return _LOG + _value(inner.body, 0) + _attributes(inner.attributes)


def _attributes(given: Any) -> int:  # noqa: ANN401 - a mapping of the SDK's, or a dictionary
    # The SDK's mapping takes a lock for each item that is read; the dictionary within does not.
    inner = getattr(given, "_dict", given)
    if not inner:
        return 0
    try:
        return _ENTRY * len(inner) + sum([_value(value, 0) for value in inner.values()])
    except RuntimeError:  # changed meanwhile, by who holds on to it
        return _ENTRY * len(inner)


def _value(value: Any, depth: int) -> int:  # noqa: ANN401 - OpenTelemetry's AnyValue
    if value.__class__ is str or isinstance(value, (str, bytes, bytearray)):
        return sys.getsizeof(value)
    if isinstance(value, (Mapping, Sequence)) and depth < _DEEPEST:
        inner = value.values() if isinstance(value, Mapping) else value
        return _PART + sum(_ENTRY + _value(each, depth + 1) for each in inner)
    return _NUMBER
