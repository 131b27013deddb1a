"""Points from Prometheus: the samples themselves, a stretch of time of all series of a sender at once.

An instant query with a range returns samples as they are stored, without steps or interpolation. What one answer may
hold is bounded by `--query.max-samples` (50 million) only; windows are kept small for the sake of memory.

A series has one sample for a millisecond: the same point sent twice is stored once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.ledger._plan import SERVICE
from heliograph.ledger._reader import Found, Store

if TYPE_CHECKING:
    from heliograph.ledger._plan import Course

__all__ = ["PrometheusReader"]

_WINDOW: Final = 20_000
_MILLISECOND: Final = 1_000_000
_METRIC: Final = "heliograph_ledger_sequence_total"  # `_records.COUNTER` as Prometheus spells it


class PrometheusReader:
    """Reads `GET /api/v1/query`."""

    def __init__(self, url: str) -> None:
        self._store = Store("Prometheus", url)

    def window(self, course: Course) -> int:
        """Return so many points as fill whole rounds: a point of each series, all with the same timestamp."""
        return max(1, _WINDOW // course.group) * course.group

    def read(self, course: Course, first: int, count: int) -> Found:
        """Return the values of the time in which these numbers were due."""
        return self._samples(course, first, count, "")

    def shows(self, course: Course, number: int) -> bool:
        """Say whether the sample of this number is there."""
        return number in self._samples(course, number, 1, f',series="{number % course.group:05d}"').numbers

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def _samples(self, course: Course, first: int, count: int, more: str) -> Found:
        begin, end = course.time(first) // _MILLISECOND, course.time(first + count - 1) // _MILLISECOND
        # (end - length, end]: from Prometheus 3 on the beginning is not part of a range.
        query = f'{_METRIC}{{job="{SERVICE}",instance="{course.instance}"{more}}}[{end - begin + 1}ms]'
        answer = self._store.get("/api/v1/query", {"query": query, "time": f"{end // 1000}.{end % 1000:03d}"})
        found, moments = Found(), _moments(course, first, count)
        for series in answer["data"]["result"]:
            for time, value in series["values"]:
                number = int(value) - 1
                if not 0 <= number < course.count:
                    continue
                found.numbers.append(number)
                if moments.get(number // course.group) != round(time * 1000):
                    found.astray.append(number)
        return found


def _moments(course: Course, first: int, count: int) -> dict[int, int]:
    """Return the rounds of a window with their timestamps in milliseconds."""
    group = course.group
    rounds = range(first // group, (first + count - 1) // group + 1)
    return {number: course.time(number * group) // _MILLISECOND for number in rounds}
