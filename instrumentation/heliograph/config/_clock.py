"""A time zone's distance from UTC, as data: Prometheus knows UTC only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypedDict
from zoneinfo import ZoneInfo

__all__ = ["Clock", "clock"]

# The same years on any day it is asked, so that the same configuration gives the same rules.
_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_LAST = datetime(2041, 1, 1, tzinfo=UTC)


class Clock(TypedDict):
    """Seconds east of UTC at first, and the (Unix time, seconds east of UTC) of each change."""

    offset: int
    changes: list[tuple[int, int]]


@cache
def clock(time_zone: str) -> Clock:
    """Return how the zone's clocks go between 2025 and 2040; not to be changed by who gets it."""
    zone = ZoneInfo(time_zone)
    changes: list[tuple[int, int]] = []
    day = _FIRST
    while day < _LAST:
        after = day + timedelta(days=1)
        if _offset(day, zone) != _offset(after, zone):
            changes.append(_change(day, after, zone))
        day = after
    return {"offset": _offset(_FIRST, zone), "changes": changes}


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """Find the second of the one change within a day."""
    low, high = int(before.timestamp()), int(after.timestamp())
    new = _offset(after, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, UTC), zone) == new:
            high = middle
        else:
            low = middle
    return high, new
