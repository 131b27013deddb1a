"""Delivery of batches: retried for minutes while the collector is away, for moments when the process ends.

The SDK's exporters give up after 10 s and the batch is gone, their pooled connections are shared with forked
children, and each failure is logged. A courier wraps one of them and does better on all three; what waits
meanwhile is in the batch processor's queue, which is bounded and drops its oldest.
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
from heliograph.telemetry._session import OneAttemptSession, UndeliveredError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Courier", "Exporter"]

_log = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 5.0
_ITEMS: Final = {"traces": "spans", "metrics": "metric exports", "logs": "logs"}
Batch = TypeVar("Batch", contravariant=True)  # noqa: PLC0105


class Exporter(Protocol[Batch]):
    """What the SDK's exporters of the three signals have in common."""

    def export(self, batch: Batch, /) -> Any:  # noqa: ANN401 - an enum of each signal
        ...

    def shutdown(self) -> None: ...


class Courier(Generic[Batch]):
    """Sends batches of one signal, one at a time.

    `make(session)` builds the exporter (again, in a forked child). A batch is given up after `patience` seconds,
    at once when refused for good, and at the deadline once `close` was called. `landed` is held while a request is
    under way: a fork that must not happen within one takes it.
    """

    def __init__(
        self,
        signal: str,
        make: Callable[[OneAttemptSession], Exporter[Batch]],
        health: DeliveryHealth,
        *,
        patience: float,
    ) -> None:
        self._signal = signal
        self._make = make
        self._health = health
        self._patience = patience
        self.landed = threading.Lock()
        self._wake = threading.Event()
        self._deadline: float | None = None
        self._pid = -1
        self._exporter: Exporter[Batch] | None = None
        self._session: OneAttemptSession | None = None

    def send(self, batch: Batch, size: int) -> bool:
        """Deliver a batch of `size` items; whether it was accepted."""
        started = time.monotonic()
        attempt = 0
        with delivering():
            while True:
                failure = self._try(batch)
                if failure is None:
                    self._health.delivered(self._signal)
                    return True
                self._health.failed(self._signal, failure.reason)
                pause = failure.retry_after or min(2.0**attempt, _LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311
                attempt += 1
                gone = time.monotonic() - started
                if not failure.retryable or gone + pause > self._patience or self._ending:
                    self._health.lost(_ITEMS[self._signal], size)
                    return False
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
    def _ending(self) -> bool:
        return self._deadline is not None

    def _left(self) -> bool:
        return self._deadline is None or time.monotonic() < self._deadline

    def _try(self, batch: Batch) -> UndeliveredError | None:
        if not self._left():
            return UndeliveredError("the process ends", retryable=False)
        try:
            if self._exporter is None or self._pid != os.getpid():
                self._pid = os.getpid()
                self._session = OneAttemptSession(self._remaining)
                with LATE_IMPORTS:
                    self._exporter = self._make(self._session)
                    # What a first request imports, done here where a fork waits for it.
                    import encodings.idna  # noqa: F401
                    import gzip  # noqa: F401
                    import netrc  # noqa: F401
            with self.landed:
                result = self._exporter.export(batch)
        except UndeliveredError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever an exporter throws, the application must not see
            return UndeliveredError(f"{type(error).__name__}: {error}", retryable=False)
        if getattr(result, "name", "") == "SUCCESS":
            return None
        failure = self._session.failure if self._session is not None else None
        # An exporter that keeps the reason to itself: what it could not send may be sent later.
        return failure or UndeliveredError("not accepted", retryable=True)

    def _remaining(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()
