"""The thread that delivers a backlog."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value

from heliograph.telemetry._spool._sending import total

if TYPE_CHECKING:
    from heliograph.telemetry._courier import Courier
    from heliograph.telemetry._outbox import Bounds
    from heliograph.telemetry._spool._backlog import Backlog

__all__ = ["MOST_BYTES", "Shipper"]

_log = logging.getLogger(__name__)

MOST_BYTES: Final = 2_000_000
"""Bytes of one request, unless a single record is larger. gRPC servers take 4 MiB unless told otherwise."""


class Shipper:
    """Sends what waits every `bounds.delay` seconds, in requests of at most `bounds.batch` items, oldest first."""

    def __init__(self, backlog: Backlog, courier: Courier[Any], bounds: Bounds) -> None:
        self.courier = courier
        self._backlog = backlog
        self._bounds = bounds
        self._closed = False
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; again, in a forked child."""
        self._bell = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(self._bell,), name=f"heliograph-{self._backlog.signal}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending, or there are no more threads: the files stay
            _log.debug("no thread to deliver with", exc_info=True)
            return
        self._thread = thread

    def flush(self, timeout: float) -> bool:
        """Deliver now; whether all of it was delivered within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self._backlog.waiting():
            self.courier.nudge()
            self._bell.set()
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def close(self, deadline: float) -> None:
        """Deliver until `deadline` (on the monotonic clock), and stop; the rest stays in its files."""
        self._closed = True
        self.courier.close(deadline)
        self._bell.set()
        if self._thread is not None:
            self._thread.join(max(deadline - time.monotonic(), 0.0) + 0.1)

    def _run(self, bell: threading.Event) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        while not self._closed and bell is self._bell:
            bell.wait(self._bounds.delay)
            bell.clear()
            try:
                self._ship()
            except Exception:  # noqa: BLE001 - the thread must live on
                _log.debug("a delivery failed", exc_info=True)

    def _ship(self) -> None:
        while records := self._backlog.take(self._bounds.batch, MOST_BYTES):
            if self.courier.send(records, total(records)):
                self._backlog.settle(records)
                continue
            self._backlog.postpone(records)
            if self.courier.ending:
                return
