"""Requests of OTLP/HTTP in protobuf, for a stretch of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric, NumberDataPoint, Sum
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from heliograph._version import __version__
from heliograph.ledger._plan import SERVICE
from heliograph.ledger._template import Template, field

if TYPE_CHECKING:
    from heliograph.ledger._plan import Course, Signal

__all__ = ["COUNTER", "PATHS", "Requests"]

PATHS: Final[dict[Signal, str]] = {"spans": "/v1/traces", "logs": "/v1/logs", "points": "/v1/metrics"}

COUNTER: Final = "heliograph.ledger.sequence"
"""The counter whose value is the number of its point plus one."""

_MILLISECOND: Final = 1_000_000

# Marks: bytes that occur nowhere else in a record.
_BEGUN: Final = 0xE1E2E3E4E5E6E7E8
_ENDED: Final = 0xF1F2F3F4F5F6F7F8
_VALUE: Final = 0x71F2F3F4D5D6D7D8
_TRACE: Final = bytes(range(0xA0, 0xB0))
_SPAN: Final = bytes(range(0xC0, 0xC8))
_NUMBER: Final = b"##########"  # the number in ten digits
_SERIES: Final = b"@@@@@"

# Where a batch's records stand: ResourceSpans.scope_spans, ScopeSpans.spans and so on are all field 2.
_RESOURCE: Final = 1
_SCOPE: Final = 1
_INNER: Final = 2


class Requests:
    """Makes the requests of one sender and signal."""

    def __init__(self, course: Course, padding: int) -> None:
        self._course = course
        self._head = field(_RESOURCE, _resource(course).SerializeToString())
        self._scope = field(_SCOPE, InstrumentationScope(name=SERVICE, version=__version__).SerializeToString())
        match course.signal:
            case "spans":
                self._make = self._spans
                self._template = _span(course, padding)
            case "logs":
                self._make = self._logs
                self._template = _log(course, padding)
            case "points":
                self._make = self._points
                self._template = _point(course)
                metric = Metric(name=COUNTER, description="The number of its point plus one.")
                self._metric = metric.SerializeToString()
                kind = Sum(
                    is_monotonic=True, aggregation_temporality=AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
                )
                self._sum = kind.SerializeToString()

    def request(self, first: int, count: int) -> bytes:
        """Return the body of a request with the records `first` to `first + count - 1`."""
        return field(1, self._head + field(_INNER, self._scope + self._make(range(first, first + count))))

    def _spans(self, numbers: range) -> bytes:
        course = self._course
        return self._template.join(
            (course.trace_id(n), course.span_id(n), course.time(n), course.time(n) + _MILLISECOND, b"%010d" % n)
            for n in numbers
        )

    def _logs(self, numbers: range) -> bytes:
        time = self._course.time
        # One moment for all of a request: Loki keeps it as a label of the line, and answers a stream per label set.
        observed = time(numbers[0])
        return self._template.join((time(n), b"%010d" % n, observed) for n in numbers)

    def _points(self, numbers: range) -> bytes:
        course = self._course
        points = self._template.join((course.time(n), n + 1, b"%05d" % (n % course.group)) for n in numbers)
        return field(_INNER, self._metric + field(7, points + self._sum))  # Metric.sum


def _resource(course: Course) -> Resource:
    return Resource(
        attributes=[
            _text("service.name", SERVICE),
            _text("service.instance.id", course.instance),
            _text("deployment.environment.name", "verify"),
        ]
    )


def _span(course: Course, padding: int) -> Template:
    span = Span(
        trace_id=_TRACE,
        span_id=_SPAN,
        name="numbered",
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=_BEGUN,
        end_time_unix_nano=_ENDED,
        attributes=[
            _text("heliograph.ledger.run", course.run),
            _text("heliograph.ledger.sequence", _NUMBER.decode()),
            _text("heliograph.ledger.padding", _pad(padding)),
        ],
    )
    return Template(_INNER, span.SerializeToString(), [_TRACE, _SPAN, _BEGUN, _ENDED, _NUMBER])


def _log(course: Course, padding: int) -> Template:
    log = LogRecord(
        time_unix_nano=_BEGUN,
        observed_time_unix_nano=_ENDED,
        severity_number=SeverityNumber.SEVERITY_NUMBER_INFO,
        severity_text="INFO",
        body=AnyValue(string_value=f"run={course.run} sequence={_NUMBER.decode()} {_pad(padding)}".rstrip()),
    )
    return Template(_INNER, log.SerializeToString(), [_BEGUN, _NUMBER, _ENDED])


def _point(course: Course) -> Template:
    point = NumberDataPoint(
        start_time_unix_nano=course.time(0),
        time_unix_nano=_BEGUN,
        as_int=_VALUE,
        attributes=[_text("series", _SERIES.decode())],
    )
    return Template(1, point.SerializeToString(), [_BEGUN, _VALUE, _SERIES])  # Sum.data_points


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _pad(size: int) -> str:
    """Return words, as a log has them: repeated letters would compress to nothing."""
    words = (
        "the quick brown fox jumps over the lazy dog while forty seven wizards quietly box his vexing dwarf jukebox "
    )
    return (words * (size // len(words) + 1))[:size]
