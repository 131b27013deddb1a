"""Logs from Loki, a stretch of time at a time.

Loki returns at most `max_entries_limit_per_query` lines (5000 as it ships) and says nothing when there were more. A
window holds fewer than that; if it comes back full all the same, the next page begins at its last moment.

All lines of a sender have the same labels, so that they come back as one stream. Loki answers a line that it holds
twice - same time, same text - once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from heliograph.ledger._plan import SERVICE
from heliograph.ledger._reader import Found, Store
from heliograph.stack._stores import StoreError

if TYPE_CHECKING:
    from heliograph.ledger._plan import Course

__all__ = ["LokiReader"]

_LIMIT: Final = 5_000
_WINDOW: Final = 4_000
_OK: Final = 200
_BAD_REQUEST: Final = 400
_LEAST: Final = 2
_SEQUENCE: Final = re.compile(r"\brun=([0-9a-f]{16}) sequence=([0-9]{10})\b")


class LokiReader:
    """Reads `GET /loki/api/v1/query_range`."""

    def __init__(self, url: str, limit: int = _LIMIT) -> None:
        self._store = Store("Loki", url)
        self._limit = limit

    def window(self, course: Course) -> int:
        """Return fewer lines than one answer may have."""
        del course
        return _WINDOW

    def read(self, course: Course, first: int, count: int) -> Found:
        """Return the lines of the time in which these numbers were due, page by page."""
        found = Found()
        begin, end = course.time(first), course.time(first + count)
        while True:
            page = self._page(course, begin, end)
            full = len(page) >= self._limit
            last = max((time for time, _ in page), default=begin)
            if full and last == min(time for time, _ in page):
                raise StoreError(f"Loki holds {self._limit} lines or more of one nanosecond.", why=course.name(first))
            # Of the last moment of a full page some lines may be missing: all of it is read again.
            kept = [(time, text) for time, text in page if time != last] if full else page
            for time, text in kept:
                _take(course, time, text, found)
            if not full:
                return found
            begin = last

    def shows(self, course: Course, number: int) -> bool:
        """Say whether the line of this number is there."""
        return number in self.read(course, number, 1).numbers

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def _page(self, course: Course, begin: int, end: int) -> list[tuple[int, str]]:
        while True:
            params = {
                "query": f'{{service_name="{SERVICE}"}} | service_instance_id="{course.instance}"',
                "start": str(begin),  # inclusive
                "end": str(end),  # exclusive
                "limit": str(self._limit),
                "direction": "forward",
            }
            answer = self._store.ask("/loki/api/v1/query_range", params)
            if answer.status == _OK:
                return _lines(self._store.parse(answer))
            if answer.status != _BAD_REQUEST or b"max entries limit" not in answer.body or self._limit <= _LEAST:
                raise self._store.refusal(answer)
            self._limit //= 2  # this Loki allows fewer lines


def _lines(answer: dict[str, Any]) -> list[tuple[int, str]]:
    return [(int(time), text) for stream in answer["data"]["result"] for time, text, *_ in stream["values"]]


def _take(course: Course, time: int, text: str, found: Found) -> None:
    match = _SEQUENCE.search(text)
    if match is None or match[1] != course.run or (number := int(match[2])) >= course.count:
        return
    found.numbers.append(number)
    if time != course.time(number):
        found.astray.append(number)
