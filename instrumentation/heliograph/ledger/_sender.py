"""One sender and signal: makes what is due, sends it, notes what became of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from heliograph.ledger._client import Client
from heliograph.ledger._http import Connection
from heliograph.ledger._records import Requests

if TYPE_CHECKING:
    from heliograph.ledger._client import Delivery
    from heliograph.ledger._plan import Course, Plan
    from heliograph.ledger._targets import Targets

__all__ = ["Listener", "Sender"]

_TIMEOUT: Final = 10.0  # of one attempt, as OTEL_EXPORTER_OTLP_TIMEOUT has it by default


class Listener(Protocol):
    """Hears of every request when its fate is known."""

    def request(self, course: Course, first: int, count: int, delivery: Delivery) -> None:
        """Take note; called by the sender's thread."""


class Sender:
    """A thread. What waits while the collector is away is only a number: records are made when they are sent."""

    def __init__(self, course: Course, plan: Plan, targets: Targets, listener: Listener, stop: threading.Event) -> None:
        self.course = course
        self.sent = self.acknowledged = self.refused = 0
        """Records; `refused` or given up."""
        self.failure: Exception | None = None
        """What ended it early; only ever a mistake in here."""
        self._patience = plan.patience
        self._listener = listener
        self._stop = stop
        self._requests = Requests(course, plan.padding)
        self._connection = Connection.to_collector(targets.collector, timeout=_TIMEOUT)
        self._client = Client(course.signal, self._connection, stop)
        self._next = 0
        self._thread = threading.Thread(target=self._run, name=f"ledger-{course.signal}-{course.sender}", daemon=True)

    @property
    def running(self) -> bool:
        """Whether it still has something to send."""
        return self._thread.is_alive()

    @property
    def behind(self) -> float:
        """Seconds that have passed since the request in hand was due."""
        course = self.course
        last = min(self._next + course.batch, course.count) - 1
        return max(0.0, time.time() - course.due(last)) if self.running else 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        self._thread.join(timeout)

    def _run(self) -> None:
        course = self.course
        try:
            while self._next < course.count and not self._stop.is_set():
                first, count = self._next, min(course.batch, course.count - self._next)
                due = course.due(first + count - 1)
                if self._stop.wait(max(0.0, due - time.time())):
                    return
                delivery = self._client.deliver(
                    self._requests.request(first, count), due + self._patience - time.time()
                )
                self._count(count, delivery)
                self._listener.request(course, first, count, delivery)
                self._next = first + count
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits for this thread
            self.failure = error
        finally:
            self._connection.close()

    def _count(self, count: int, delivery: Delivery) -> None:
        self.sent += count
        if delivery.outcome == "acknowledged":
            self.acknowledged += count - delivery.rejected
            self.refused += delivery.rejected
        else:
            self.refused += count
