"""Reads everything that a ledger says was sent, until all that was acknowledged is there or the time is up."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from heliograph.ledger._jaeger import JaegerReader
from heliograph.ledger._loki import LokiReader
from heliograph.ledger._plan import SIGNALS
from heliograph.ledger._prometheus import PrometheusReader
from heliograph.ledger._reconcile import Shelf, reconcile
from heliograph.ledger._snapshot import Snapshot
from heliograph.stack._stores import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.ledger._file import Record
    from heliograph.ledger._plan import Signal
    from heliograph.ledger._reader import Reader
    from heliograph.ledger._targets import Targets

__all__ = ["Verification", "reader"]

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 15.0
_BARREN: Final = 3
"""After so many windows without anything new the newest one is looked at: is a backlog still on its way?"""
_TELL: Final = 1.0


def reader(signal: Signal, targets: Targets) -> Reader:
    """Return a reader of the store in which a signal is kept."""
    match signal:
        case "spans":
            return JaegerReader(targets.jaeger)
        case "logs":
            return LokiReader(targets.loki)
        case "points":
            return PrometheusReader(targets.prometheus)


class Verification:
    """One reading of the three stores. `settled` is the time it took until nothing was missing, in seconds."""

    def __init__(self, record: Record, targets: Targets, progress: Callable[[Snapshot], None] | None) -> None:
        head = record.head
        self.settled = 0.0
        self._progress = progress
        self._started = head.started
        self._told = 0.0
        self.shelves: dict[Signal, list[Shelf]] = {}
        for course in head.plan.courses(head.run, head.started):
            rows = [row for row in record.rows if row.signal == course.signal and row.sender == course.sender]
            self.shelves.setdefault(course.signal, []).append(Shelf(course, rows))
        self._record = record
        self._readers = {signal: reader(signal, targets) for signal in SIGNALS if signal in self.shelves}
        self._read: set[tuple[Signal, int, int]] = set()

    def carry_out(self, settle: float) -> None:
        """Read until nothing that was acknowledged is missing, for `settle` seconds, and everything at least once.

        Raises StoreError when a store cannot be read at the end.
        """
        begun, pause = time.monotonic(), _FIRST_PAUSE
        try:
            while not self._pass() and time.monotonic() - begun < settle:
                time.sleep(min(pause, max(0.0, begun + settle - time.monotonic())))
                pause = min(pause * 1.5, _LONGEST_PAUSE)
            self.settled = time.monotonic() - begun
            self._last_pass()
            self._told = 0.0
            self._tell()
        finally:
            for one in self._readers.values():
                one.close()

    def missing(self) -> int:
        """Return how many acknowledged records were not found yet."""
        return sum(reconcile(signal, shelves, self._record).missing for signal, shelves in self.shelves.items())

    def _pass(self) -> bool:
        """Look once for what is missing; return whether all is there. A store that does not answer is asked later."""
        for signal, shelves in self.shelves.items():
            with contextlib.suppress(StoreError):
                for shelf in shelves:
                    self._pass_over(signal, shelf)
        return self.missing() == 0

    def _pass_over(self, signal: Signal, shelf: Shelf) -> None:
        size = self._readers[signal].window(shelf.course)
        barren, patient = 0, True
        for first in range(0, shelf.end, size):
            if not self._due(signal, shelf, first, size):
                continue
            fresh = self._window(signal, shelf, first, size)
            barren = 0 if fresh else barren + 1
            if patient and barren == _BARREN:
                newest = (shelf.end - 1) // size * size
                if (
                    newest > first
                    and not self._window(signal, shelf, newest, size)
                    and shelf.lacking(newest, shelf.end)
                ):
                    return  # what is newer is not there either: come back later
                patient = False

    def _last_pass(self) -> None:
        """Read what was not read yet, what is missing, and what was refused but may have come in all the same."""
        for signal, shelves in self.shelves.items():
            size_of = self._readers[signal].window
            for shelf in shelves:
                size = size_of(shelf.course)
                for first in range(0, shelf.end, size):
                    end = min(first + size, shelf.end)
                    if self._due(signal, shelf, first, size) or shelf.found.count(first, end) < end - first:
                        self._window(signal, shelf, first, size)

    def _due(self, signal: Signal, shelf: Shelf, first: int, size: int) -> bool:
        unread = (signal, shelf.course.sender, first) not in self._read
        return unread or shelf.lacking(first, min(first + size, shelf.end)) > 0

    def _window(self, signal: Signal, shelf: Shelf, first: int, size: int) -> int:
        found = self._readers[signal].read(shelf.course, first, min(size, shelf.end - first))
        self._read.add((signal, shelf.course.sender, first))
        self._tell()
        return shelf.take(first, found)

    def _tell(self) -> None:
        now = time.monotonic()
        if self._progress is None or now - self._told < _TELL:
            return
        self._told = now
        expected = {s: sum(shelf.expected.count(0, shelf.end) for shelf in all_) for s, all_ in self.shelves.items()}
        stored = {s: sum(shelf.found.count(0, shelf.end) for shelf in all_) for s, all_ in self.shelves.items()}
        self._progress(Snapshot("read", time.time() - self._started, acknowledged=expected, stored=stored))
