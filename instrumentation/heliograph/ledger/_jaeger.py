"""Spans from Jaeger, trace by trace.

Its search returns at most so many traces and cannot be paged; a trace whose id is known is returned whole. `raw=true`
leaves out what Jaeger's page does to a trace (it adjusts clocks and drops what it takes for copies).

Badger's key of a span is trace id, start and span id: the same span sent twice is stored once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heliograph.ledger._reader import Found, Store

if TYPE_CHECKING:
    from heliograph.ledger._plan import Course

__all__ = ["JaegerReader"]

_NOT_FOUND: Final = 404
_OK: Final = 200
_MICROSECOND: Final = 1_000
_SENDER_SHIFT: Final = 48  # bits of a span's id below its sender (Course.span_id)


class JaegerReader:
    """Reads `GET /api/traces/{id}`."""

    def __init__(self, url: str) -> None:
        self._store = Store("Jaeger", url)

    def window(self, course: Course) -> int:
        """Return how many spans a trace has."""
        return course.group

    def read(self, course: Course, first: int, count: int) -> Found:
        """Return the spans of the trace that begins with `first`."""
        del count
        found = Found()
        for span in self._spans(course, first):
            number = _number(course, span["spanID"])
            if number is None:
                continue
            found.numbers.append(number)
            if span["startTime"] != course.time(number) // _MICROSECOND:
                found.astray.append(number)
        return found

    def shows(self, course: Course, number: int) -> bool:
        """Say whether the span of this number is in its trace."""
        return any(_number(course, span["spanID"]) == number for span in self._spans(course, number))

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def _spans(self, course: Course, number: int) -> list[dict[str, Any]]:
        answer = self._store.ask(f"/api/traces/{course.trace_id(number).hex()}", {"raw": "true"})
        if answer.status == _NOT_FOUND:
            return []
        if answer.status != _OK:
            raise self._store.refusal(answer)
        return [span for trace in self._store.parse(answer)["data"] or [] for span in trace["spans"]]


def _number(course: Course, span_id: str) -> int | None:
    """Return the number of a span of this sender; None for a stranger."""
    value = int(span_id, 16)
    number = (value & ((1 << _SENDER_SHIFT) - 1)) - 1
    return number if value >> _SENDER_SHIFT == course.sender and 0 <= number < course.count else None
