"""How long threads wait for locks: every lock that a library makes is timed, by the line that makes it.

A wait ends when the lock is free *and* the interpreter runs the thread that waited, so the sums are upper bounds.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from typing import Any, Final

__all__ = ["waits", "watch"]

_WATCHED: Final = ("heliograph.", "opentelemetry.")

_waits: defaultdict[str, list[float]] = defaultdict(list)
"""Seconds that threads waited, by the place that made the lock. Appending is atomic."""


class _Timed:
    """A lock that says how long it was waited for."""

    def __init__(self, lock: Any, place: str) -> None:  # noqa: ANN401 - Lock and RLock are functions
        self._inner = lock
        self._place = place

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - as threading's
        if self._inner.acquire(blocking=False):
            return True
        if not blocking:
            return False
        started = time.perf_counter()
        try:
            return bool(self._inner.acquire(timeout=timeout))
        finally:
            # The flusher's and the delivery's threads have time: the application's have not.
            if not threading.current_thread().daemon:
                _waits[self._place].append(time.perf_counter() - started)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self._inner.release()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._inner, name)


def watch() -> None:
    """Time every lock of Heliograph and OpenTelemetry that is made from here on: call it before they are imported."""
    for name in ("Lock", "RLock"):
        setattr(threading, name, _maker(getattr(threading, name)))


def waits() -> dict[str, tuple[int, float]]:
    """Give how often and how many seconds threads have waited since the last call, by place, longest first."""
    found = {place: (len(each), sum(each)) for place, each in _waits.items()}
    _waits.clear()
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))


def _maker(make: Any) -> Any:  # noqa: ANN401
    def made() -> Any:  # noqa: ANN401
        frame = sys._getframe(1)  # noqa: SLF001 - who asks is the question
        module = str(frame.f_globals.get("__name__", ""))
        lock = make()
        return _Timed(lock, f"{module}:{frame.f_lineno}") if module.startswith(_WATCHED) else lock

    return made
