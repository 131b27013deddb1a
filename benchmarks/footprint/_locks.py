"""How long threads wait for locks: every lock that a library makes is timed, by the line that makes it.

A wait ends when the lock is free *and* the interpreter runs the thread that waited, so the sums are upper bounds.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

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
    wait: Any = threading.Condition.wait
    setattr(threading.Condition, "wait", _timed(wait))  # noqa: B010 - a method cannot be assigned to


def waits() -> dict[str, tuple[int, float]]:
    """Give how often and how many seconds threads have waited since the last call, by place, longest first."""
    found = {place: (len(each), sum(each)) for place, each in _waits.items()}
    _waits.clear()
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))


def _timed(wait: Any) -> Any:  # noqa: ANN401
    """Time what waits for a condition: room on our line, say."""

    def timed(self: threading.Condition, timeout: float | None = None) -> bool:
        place, started = _place(sys._getframe(1)), time.perf_counter()  # noqa: SLF001 - who asks is the question
        try:
            return bool(wait(self, timeout))
        finally:
            if place is not None and not threading.current_thread().daemon:
                _waits[place].append(time.perf_counter() - started)

    return timed


def _place(frame: FrameType) -> str | None:
    module = str(frame.f_globals.get("__name__", ""))
    return f"{module}:{frame.f_lineno}" if module.startswith(_WATCHED) else None


def _maker(make: Any) -> Any:  # noqa: ANN401
    def made() -> Any:  # noqa: ANN401
        place = _place(sys._getframe(1))  # noqa: SLF001
        return make() if place is None else _Timed(make(), place)

    return made
