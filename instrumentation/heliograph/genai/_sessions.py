"""How many sessions are active: those with a query in the last five minutes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ActiveSessions"]

WINDOW: Final = 300.0
_CAPACITY: Final = 50_000


class ActiveSessions:
    """Session ids by the time of their newest query; at most 50 000 are remembered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def touch(self, session_id: str) -> None:
        """Note a query of the session."""
        with self._lock:
            self._seen[session_id] = self._clock()
            self._seen.move_to_end(session_id)
            if len(self._seen) > _CAPACITY:
                self._seen.popitem(last=False)

    def count(self) -> int:
        """Sessions seen within the window."""
        horizon = self._clock() - WINDOW
        with self._lock:
            while self._seen:
                session_id, at = next(iter(self._seen.items()))
                if at > horizon:
                    break
                del self._seen[session_id]
            return len(self._seen)

    def after_fork(self) -> None:
        """Forget the parent's sessions, and its lock."""
        self._lock = threading.Lock()
        self._seen.clear()
