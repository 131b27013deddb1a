"""`FakeClock`: latencies as the test wants them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Self

from heliograph import _clock

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["FakeClock"]


class FakeClock:
    """Time that passes only when it is told to, for spans, queries, chains and calls.

    ::

        with FakeClock() as clock, heliograph.testing.capture() as captured:
            with heliograph.query("slow"):
                clock.advance(31.0)
        assert captured.queries[0].latency == 31.0

    Nothing else stands still: sleeping, timeouts and exports go by the machine's clock. `start` is in seconds since
    the epoch (now by default). Threads share it. A span's times are whole nanoseconds.
    """

    def __init__(self, start: float | None = None) -> None:
        self._lock = threading.Lock()
        self._now = int((time.time() if start is None else start) * 1e9)
        self._replaced: list[tuple[Any, str, Any]] = []

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now / 1e9

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass; raises ValueError for a negative number."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds}")
        with self._lock:
            self._now += round(seconds * 1e9)

    def __enter__(self) -> Self:
        from opentelemetry.sdk import trace

        for owner, name, function in (
            (_clock, "perf_counter", lambda: self._now / 1e9),
            (_clock, "time_ns", lambda: self._now),
            (trace, "time_ns", lambda: self._now),
        ):
            self._replaced.append((owner, name, getattr(owner, name)))
            setattr(owner, name, function)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._replaced:
            owner, name, function = self._replaced.pop()
            setattr(owner, name, function)
