"""A span as it came over the wire, with the attributes of the SDK's `ReadableSpan` that reading a call needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags, TraceState

from heliograph import _clock
from heliograph.genai._mark import KEY
from heliograph.meter._schema import AnyValue

__all__ = ["Attributes", "Event", "Scope", "Status", "WireSpan", "text"]

_MARK: Final = KEY.encode()
_LONGEST_CALL: Final = 7 * 24 * 3600 * 1_000_000_000
_AHEAD: Final = 600 * 1_000_000_000
"""Nanoseconds that an application's clock may be ahead of ours: less than Loki allows (`creation_grace_period`)."""
_CODES: Final = {1: StatusCode.OK, 2: StatusCode.ERROR}
_ABSENT: Final = object()


def text(raw: bytes) -> str:
    """Decode a string of the wire, which may be no UTF-8."""
    return raw.decode("utf-8", "replace")


class Attributes(Mapping[str, Any]):
    """Attributes whose values are parsed when they are asked for: most never are, prompts above all."""

    __slots__ = ("_raw", "_read")

    def __init__(self, pairs: Any) -> None:  # noqa: ANN401 - repeated KeyValue
        self._raw: dict[str, bytes] = {text(pair.key): pair.value for pair in pairs}
        self._read: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401
        """Return a value; `default` where there is none, or none that can be read."""
        raw = self._raw.get(key)
        if raw is None:
            return default
        value = self._read.get(key, _ABSENT)
        if value is _ABSENT:
            value = self._read[key] = _parse(raw)
        return default if value is None else value

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401
        if key not in self._raw:
            raise KeyError(key)
        return self.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def _parse(raw: bytes) -> Any:  # noqa: ANN401
    try:
        return _plain(AnyValue.FromString(raw))
    except DecodeError:
        return None


def _plain(value: Any) -> Any:  # noqa: ANN401
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "string_value":
        return text(value.string_value)
    if kind == "array_value":
        return tuple(_plain(item) for item in value.array_value.values)
    return getattr(value, kind)


class Event(NamedTuple):
    """One event of a span."""

    name: str
    attributes: Attributes
    timestamp: int


class Status(NamedTuple):
    """Whether the span's work succeeded."""

    status_code: StatusCode
    description: str | None


class Scope(NamedTuple):
    """The library that made the span."""

    name: str
    version: str


class WireSpan:
    """What `heliograph.genai._read` reads of a `ReadableSpan`. Times are nanoseconds since the epoch."""

    __slots__ = (
        "_events",
        "attributes",
        "context",
        "end_time",
        "instrumentation_scope",
        "name",
        "parent",
        "resource",
        "start_time",
        "status",
    )

    def __init__(self, span: Any, scope: Scope, resource: Attributes) -> None:  # noqa: ANN401 - a `Span` of the schema
        """Adapt one span; raises ValueError, with the reason, when it lacks what every span must have."""
        if not span.trace_id and not span.span_id:
            raise ValueError("a span cannot be read, or has no ids")
        if len(span.trace_id) != 16 or not any(span.trace_id):  # noqa: PLR2004 - bytes of a trace id
            raise ValueError("a span's trace id must have 16 bytes, not all of them zero")
        if len(span.span_id) != 8 or not any(span.span_id):  # noqa: PLR2004 - bytes of a span id
            raise ValueError("a span's id must have 8 bytes, not all of them zero")
        trace = int.from_bytes(span.trace_id)
        self.start_time, self.end_time = _times(span.start_time_unix_nano, span.end_time_unix_nano)
        self.name = text(span.name)
        self.context = _context(trace, span.span_id, span.trace_state)
        parent = span.parent_span_id
        self.parent = _context(trace, parent) if len(parent) == 8 and any(parent) else None  # noqa: PLR2004
        self.attributes = Attributes(span.attributes)
        status = span.status
        self.status = Status(_CODES.get(status.code, StatusCode.UNSET), text(status.message) or None)
        self.instrumentation_scope = scope
        self.resource = resource
        self._events = span.events

    @property
    def events(self) -> tuple[Event, ...]:
        """Events in the order of the wire."""
        return tuple(Event(text(e.name), Attributes(e.attributes), e.time_unix_nano) for e in self._events)


def _context(trace: int, span: bytes, state: bytes = b"") -> SpanContext:
    # Whatever reaches the meter was sampled; older SDKs do not send the flag, and without it there is no exemplar.
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(trace, int.from_bytes(span), is_remote=True, trace_flags=flags, trace_state=_mark(state))


def _mark(state: bytes) -> TraceState | None:
    """Find our own mark in a trace state. The SDK would read all of it, or nothing where one member is wrong."""
    if _MARK not in state:
        return None
    for member in state.split(b","):
        key, _, value = member.strip(b" \t").partition(b"=")
        if key == _MARK and value.isalnum():
            return TraceState([(KEY, value.decode())])
    return None


def _times(start: int, end: int) -> tuple[int, int]:
    """Give start and end, with what cannot be true left out: a missing time is 0, and a clock may be far ahead.

    Loki refuses what lies ahead of it, the wire has no room for more than 64 bits, and the latency of a call that
    began in 1970 would be more than all others' together, for good.
    """
    length = end - start if 0 < start <= end <= start + _LONGEST_CALL else 0
    if end == 0:
        end = start
    now = _clock.time_ns()
    if not 0 < end <= now + _AHEAD:
        end = now
    return end - length, end
