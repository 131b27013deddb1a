"""Delivery of batches: retried for minutes while the collector is away, for moments when the process ends.

The SDK's exporters give up after 10 s and the batch is gone, their pooled connections are shared with forked
children, each failure is logged, one item that cannot be sent takes its whole batch along, and items that a collector
says it rejected count as sent. A courier wraps one of them and does better on all five; what waits meanwhile is in
the outbox, which is bounded and drops its oldest.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from heliograph.telemetry._fork import LATE_IMPORTS
from heliograph.telemetry._health import DeliveryHealth, delivering
from heliograph.telemetry._partial import rejected
from heliograph.telemetry._session import OneAttemptSession, UndeliveredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.telemetry._drops import Reason

__all__ = ["Courier", "Exporter"]

_log = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 5.0
_MOST_PARTS: Final = 64
"""Requests that a refused batch may be divided into: enough to find some bad items among 512."""
Batch = TypeVar("Batch", contravariant=True)  # noqa: PLC0105


class Exporter(Protocol[Batch]):
    """What the SDK's exporters of the three signals have in common."""

    def export(self, batch: Batch, /) -> Any:  # noqa: ANN401 - an enum of each signal
        ...

    def shutdown(self) -> None: ...


class Courier(Generic[Batch]):
    """Sends batches of one signal, one at a time.

    `make(session)` builds the exporter (again, in a forked child). A batch is given up after `patience` seconds,
    at once when refused for good, and at the deadline once `close` was called; then its items are counted as lost,
    unless `keeps` says that somebody has them still. A batch that is refused for what may be one item's fault is
    divided: `divide` gives two parts and the size of the first, or None. `landed` is held while a request is under
    way: a fork that must not happen within one takes it.
    """

    def __init__(
        self,
        signal: str,
        make: Callable[[OneAttemptSession], Exporter[Batch]],
        health: DeliveryHealth,
        *,
        patience: float,
        keeps: bool = False,
        divide: Callable[[Any], tuple[Any, int, Any] | None] | None = None,
    ) -> None:
        self._signal = signal
        self._make = make
        self._health = health
        self._patience = patience
        self._keeps = keeps
        self._divide = divide or _halves
        self.landed = threading.Lock()
        self._wake = threading.Event()
        self._deadline: float | None = None
        self._pid = -1
        self._exporter: Exporter[Batch] | None = None
        self._session: OneAttemptSession | None = None

    def send(self, batch: Batch, size: int) -> bool:
        """Deliver a batch of `size` items; whether it was accepted.

        With `keeps`, False says that it is still to be delivered, and True that it is not: what was refused for good
        is counted.
        """
        with delivering():
            return self._send(batch, size, [_MOST_PARTS])

    def _send(self, batch: Any, size: int, parts: list[int]) -> bool:  # noqa: ANN401 - a list, or the SDK's MetricsData
        outcome = self._offer(batch)
        if outcome is None:
            return True
        failure, reason = outcome
        halves = self._divide(batch) if failure.divisible and parts[0] > 0 else None
        if halves is not None:
            parts[0] -= 2
            first, size_of_first, second = halves
            sent = self._send(first, size_of_first, parts)
            return self._send(second, size - size_of_first, parts) and sent
        final = reason not in {"gave_up", "process_end"}
        if final or not self._keeps:
            self._health.lost(self._signal, reason, size)
        if final:
            self._health.refused(self._signal, failure, size)
        return final and self._keeps

    def _offer(self, batch: Batch) -> tuple[UndeliveredError, Reason] | None:
        """Try until it is accepted (None) or has to be given up, for one reason or another."""
        started = time.monotonic()
        attempt = 0
        while True:
            failure = self._try(batch)
            if failure is None:
                self._health.delivered(self._signal)
                return None
            if not failure.retryable and failure.counted_as != "process_end":  # it is there, and it answers
                return failure, failure.counted_as
            self._health.failed(self._signal, failure.reason)
            if self.ending or not failure.retryable:
                return failure, "process_end"
            pause = failure.retry_after or min(2.0**attempt, _LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311
            attempt += 1
            if time.monotonic() - started + pause > self._patience:
                return failure, "gave_up"
            self._wake.wait(pause)
            self._wake.clear()

    def close(self, deadline: float) -> None:
        """From now on try each batch once, until `deadline` (on the monotonic clock)."""
        self._deadline = deadline
        self._wake.set()

    def nudge(self) -> None:
        """Try again now, instead of after the pause between two attempts."""
        self._wake.set()

    def after_fork(self) -> None:
        """Replace what may have been locked."""
        self.landed = threading.Lock()
        self._wake = threading.Event()

    @property
    def ending(self) -> bool:
        """Whether each batch is tried once only, since the process ends."""
        return self._deadline is not None

    def _left(self) -> bool:
        return self._deadline is None or time.monotonic() < self._deadline

    def _try(self, batch: Batch) -> UndeliveredError | None:
        if not self._left():
            return UndeliveredError("the process ends", retryable=False, counted_as="process_end")
        try:
            exporter, session = self._connected()
            with self.landed:
                result = exporter.export(batch)
        except UndeliveredError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever an exporter throws, the application must not see
            return _unencodable(error)
        if getattr(result, "name", "") == "SUCCESS":
            count, why = rejected(self._signal, session.answer)
            self._health.lost(self._signal, "refused", count)
            self._health.rejected(self._signal, count, why)
            return None
        if session.failure is not None:
            return session.failure
        # An exporter that keeps the reason to itself. Has it asked, then another answer may come later.
        return UndeliveredError("not accepted", retryable=True) if session.asked else _unencodable(None)

    def _connected(self) -> tuple[Exporter[Batch], OneAttemptSession]:
        """Give the exporter and its session, made anew in a forked child, and ready for another request."""
        if self._exporter is None or self._session is None or self._pid != os.getpid():
            self._pid = os.getpid()
            self._session = OneAttemptSession(self._remaining)
            with LATE_IMPORTS:
                self._exporter = self._make(self._session)
                # What a first request imports, done here where a fork waits for it.
                import encodings.idna  # noqa: F401
                import gzip  # noqa: F401
                import netrc  # noqa: F401
        self._session.forget()
        return self._exporter, self._session

    def _remaining(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()


def _unencodable(error: Exception | None) -> UndeliveredError:
    said = "cannot be encoded" if error is None else f"{type(error).__name__}: {error}"[:200]
    return UndeliveredError(said, retryable=False, counted_as="unencodable", divisible=True)


def _halves(batch: Any) -> tuple[Any, int, Any] | None:  # noqa: ANN401 - a list, or the SDK's MetricsData
    if not isinstance(batch, list) or len(batch) < 2:  # noqa: PLR2004
        return None
    half = len(batch) // 2
    return batch[:half], half, batch[half:]
