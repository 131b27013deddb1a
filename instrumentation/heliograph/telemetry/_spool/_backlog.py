"""What waits of one signal: segments of this process, oldest first."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

from heliograph.telemetry._spool._segment import Record, Segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.telemetry._drops import Reason
    from heliograph.telemetry._spool._home import Home

__all__ = ["Backlog"]

_LARGEST_SEGMENT: Final = 4_000_000
_PARTS: Final = 16


class Backlog:
    """Appended to by one thread, read by another.

    Where all processes' files together are larger than they may be, the oldest of this process go, and are counted.
    """

    def __init__(self, signal: str, home: Home, drop: Callable[[Reason, int], None]) -> None:
        self.signal = signal
        self._home = home
        self._drop = drop
        self._segment_size = min(_LARGEST_SEGMENT, home.size // _PARTS)
        self.make_room: Callable[[], bool] = self.shed
        """Frees a part of the folder; False where it cannot."""
        self._lock: threading.Lock
        self._segments: deque[Segment]
        self._ahead: deque[Record]
        self._postponed: deque[Record]
        self._number: int
        self._begin()

    def append(self, payload: bytes, count: int) -> None:
        """Write a record; raises OSError where the disk takes none."""
        with self._lock:
            segment = self._segments[-1] if self._segments else None
        if segment is None or segment.size > self._segment_size:
            while self._home.used() + len(payload) > self._home.size:
                if not self.make_room():
                    break
            self._number += 1
            segment = Segment(self._home.path(f"{self.signal}.{self._number:08d}.seg"), self.signal)
            with self._lock:
                self._segments.append(segment)
        with self._lock:
            segment.append(payload, count)

    def take(self, items: int, size: int) -> list[Record]:
        """Take the oldest records, of at most so many items and bytes together; always one where there is one."""
        taken: list[Record] = []
        with self._lock:
            while record := self._next():
                if taken and (
                    sum(each.count for each in taken) + record.count > items
                    or sum(each.length for each in taken) + record.length > size
                ):
                    self._ahead.append(record)
                    break
                taken.append(record)
        return taken

    def settle(self, records: list[Record]) -> None:
        """Note that records were delivered, or counted as lost; files of which nothing is left are deleted."""
        with self._lock:
            for record in records:
                record.segment.settle(record)
            for segment in [each for each in list(self._segments)[:-1] if each.empty]:
                self._segments.remove(segment)
                segment.remove()

    def postpone(self, records: list[Record]) -> None:
        """Put records behind all others that wait: it may be they that the collector fails on."""
        with self._lock:
            self._postponed.extend(records)

    def shed(self) -> bool:
        """Delete the oldest segment of which nothing is under way; whether there was one, behind the newest."""
        with self._lock:
            for segment in list(self._segments)[:-1]:
                idle = [record for record in (*self._ahead, *self._postponed) if record.segment is segment]
                if segment.under_way > len(idle):
                    continue
                self._ahead = deque(record for record in self._ahead if record not in idle)
                self._postponed = deque(record for record in self._postponed if record not in idle)
                self._segments.remove(segment)
                lost = segment.unsettled
                segment.remove()
                break
            else:
                return False
        self._drop("spool_full", lost)
        return True

    def waiting(self) -> int:
        """Give the number of items that are neither delivered nor lost."""
        with self._lock:
            return sum(segment.unsettled for segment in self._segments)

    def leave(self) -> None:
        """Close the files, and delete those of which nothing is left; no thread uses them any more."""
        with self._lock:
            for segment in self._segments:
                if segment.empty:
                    segment.remove()
                else:
                    segment.close()
            self._segments.clear()

    def after_fork(self) -> None:
        """Begin anew in a child: the files are the parent's."""
        for segment in self._segments:
            segment.close()
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._segments = deque()
        self._ahead = deque()
        self._postponed = deque()
        self._number = 0

    def _next(self) -> Record | None:
        if self._ahead:
            return self._ahead.popleft()
        for segment in self._segments:
            record = segment.next()
            if record is not None:
                return record
        return self._postponed.popleft() if self._postponed else None
