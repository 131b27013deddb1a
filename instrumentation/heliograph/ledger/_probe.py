"""How long it takes until a record that was sent can be seen: one probe a second, looked for until it is there."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from heliograph.stack._stores import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.ledger._plan import Course
    from heliograph.ledger._reader import Reader

__all__ = ["Prober"]

_EVERY: Final = 1.0
"""Seconds between two probes."""
_LOOK: Final = 0.2
"""Seconds between two looks at the store: how exact the figure is."""
_WAIT: Final = 2.0  # while a store does not answer
_MOST: Final = 1_000  # probes on their way; an outage makes no more


class Prober:
    """Looks for probes of one signal on a thread of its own; `tell` hears after how many seconds one was seen.

    Stores get records in the order in which the collector took them, so only the oldest probe is looked for.
    """

    def __init__(self, reader: Reader, tell: Callable[[float], None]) -> None:
        self._reader = reader
        self._tell = tell
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Course, int, float]] = deque()
        self._offered = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger-probe", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def offer(self, course: Course, number: int, sent: float) -> None:
        """Consider an acknowledged record, first sent at a Unix time, for a probe."""
        now = time.monotonic()
        with self._lock:
            if now - self._offered < _EVERY or len(self._waiting) >= _MOST:
                return
            self._offered = now
            self._waiting.append((course, number, sent))

    @property
    def waiting(self) -> int:
        """Probes that were not seen yet."""
        return len(self._waiting)

    def finish(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()
        self._reader.close()

    def _run(self) -> None:
        while not self._over.is_set():
            if not self._waiting:
                self._over.wait(_LOOK)
                continue
            course, number, sent = self._waiting[0]
            try:
                seen = self._reader.shows(course, number)
            except StoreError:
                self._over.wait(_WAIT)
                continue
            if not seen:
                self._over.wait(_LOOK)
                continue
            self._tell(max(0.0, time.time() - sent))
            with self._lock:
                self._waiting.popleft()
