"""The meter as a whole: spans in, decisions, metrics and events out.

What leaves the meter - an acknowledgement, a number, an event - does so after the commit that holds it (`_books`,
`_journal`): whatever is sent again after a crash finds what it did before.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from heliograph._version import __version__
from heliograph.genai import vocabulary as v
from heliograph.genai._prices import Prices
from heliograph.meter._applications import instance_id, resource_of
from heliograph.meter._books import Books
from heliograph.meter._delivery import Delivery
from heliograph.meter._journal import Journal
from heliograph.meter._request import RefusedError
from heliograph.meter._sighting import Application, Sighting, application_of, sight
from heliograph.meter._tally import SET_ASIDE, Tally, report
from heliograph.meter._wire import Attributes, Scope, WireSpan, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heliograph.meter._delivery import Reader
    from heliograph.meter._store import Store

__all__ = ["MeterService", "Settings"]

_log = logging.getLogger(__name__)
_TURN: Final = 0.1
_AT_ONCE: Final = 256
"""Calls decided while intake waits."""
_PATIENCE: Final = 5.0
"""Seconds that a request waits for its commit: half of what the collector waits for its answer."""
SERVICE: Final = "heliograph-meter"


@dataclass(frozen=True)
class Settings:
    """Times in seconds; the others are counts."""

    export: str
    """Base URL of the collector's OTLP/HTTP receiver."""
    wait: float = 10.0
    """How long a call waits for other spans that tell of it."""
    waiting: int = 20_000
    """Calls that wait at most; past it the oldest is decided early."""
    remembered: int = 30_000
    """Spans that are remembered as evidence."""
    undelivered: int = 8_192
    """Events that the collector has not taken; past it nothing is decided, and requests are refused for now."""
    applications: int = 100
    idle: float = 900.0
    """After how long an application without calls is forgotten. Prometheus itself ends a series after 300 s."""
    interval: float = 5.0
    """Between two exports of metrics."""
    resent: float = 18_000.0
    """For how long a span is known that is sent again."""
    resent_spans: int = 3_000_000


class MeterService:
    """Takes OTLP trace requests, counts the calls in them. `clock` gives seconds; tests use one of their own.

    `take` is the point of acknowledgement: once it returns, the meter answers for the spans. With a `store` a crash
    changes nothing of that; without one, what is in memory is lost with the process.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.monotonic,
        store: Store | None = None,
    ) -> None:
        self.settings = settings
        self.tally = Tally()
        self._clock = clock
        self._prices = prices or Prices()
        self._books = self._opened(store)
        self._lock = self._books.lock
        self.room, self.applications, self.events = self._books.room, self._books.applications, self._books.events
        self._ended: float | None = None
        self._own = self._own_metrics()
        self.delivery = Delivery(
            settings.export, self.events, self._readers, interval=settings.interval, tally=self.tally
        )
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._run, name="meter-decisions", daemon=True)

    @property
    def healthy(self) -> bool:
        """Whether decisions are made."""
        return self._worker.is_alive()

    def start(self) -> None:
        """Begin to write, to decide and to send."""
        self.journal.start()
        self.delivery.start()
        self._worker.start()

    def take(self, request: Any) -> tuple[int, str]:  # noqa: ANN401 - a TraceRequest
        """Take the spans of a request; return how many were rejected, and why.

        Raises RefusedError when too many events wait for the collector, when nothing can be written down, or the meter
        ends: the sender is to keep the request.
        """
        if self.journal.failure is not None:
            raise _unwritten(self.journal.failure)
        if self.events.full:
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "overload",
                f"{len(self.events)} events wait to be taken by {self.settings.export}: send this again later",
            )
        sightings, rejected, why = _sightings(request)
        with self._lock:
            if self._ended is not None:
                raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "overload", "the meter ends: send this again later")
            self.tally.rejected += rejected
            batch = self._books.put(sightings)
        why_not = self.journal.settled(batch, _PATIENCE) if sightings else None
        if why_not is not None:
            raise _unwritten(why_not)
        return rejected, why

    def refused(self, label: str) -> None:
        """Count a request that was not taken."""
        with self._lock:
            self.tally.refused[label] += 1

    def decide_due(self) -> None:
        """Decide what has waited long enough, as far as events can be kept and written down."""
        while not self.events.full and self.journal.failure is None:
            with self._lock:
                done = self.room.decide_due(self._clock(), most=_AT_ONCE)
            if done:
                self.journal.wanted()
            if done < _AT_ONCE:
                return

    def close(self, timeout: float) -> None:
        """Send what was decided within `timeout` seconds, and all that waits too where it would be lost.

        With a store it waits on: an end changes no more than a crash.
        """
        deadline = time.monotonic() + timeout
        self._stop.set()
        if self._worker.is_alive():
            self._worker.join(timeout)
        with self._lock:
            self._ended = time.time()
            if not self.journal.is_durable:
                self.room.decide_all()
        self.journal.commit()
        self.delivery.close(deadline, kept=self.journal.is_durable)
        self.journal.close()

    def _opened(self, store: Store | None) -> Books:
        """Go on with what the store has, and begin to write into it."""
        books = self._new()
        anew = False
        if store is not None:
            try:
                anew = books.restore(store.load())
            except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as error:
                store.replace("corrupt", f"{type(error).__name__}: {error}")
                books = self._new()
        self.journal = Journal(books, store)
        if anew:
            self.journal.rewrite()
        return books

    def _new(self) -> Books:
        return Books(self.settings, prices=self._prices, tally=self.tally, clock=self._clock)

    def _run(self) -> None:
        while not self._stop.wait(_TURN):
            try:
                self.decide_due()
                if self.journal.failure is not None:
                    continue
                with self._lock:
                    self.applications.remove_idle(self._clock())
            except Exception:  # noqa: BLE001 - the thread must live on
                _log.exception("a decision failed")

    def _readers(self) -> Sequence[tuple[Reader, Callable[[], None]]]:
        with self._lock:  # a call that is being counted now is not in `known`'s numbers yet, and later than `now`
            known = self.applications.all()
            now = self._clock()

        def taken(index: int) -> Callable[[], None]:
            def note() -> None:
                known[index].exported = now

            return note

        for reason in SET_ASIDE:
            self.tally.set_aside[reason] = self.journal.set_aside.count(reason)
        readers: list[tuple[Reader, Callable[[], None]]] = [
            (counters.reader, taken(index)) for index, counters in enumerate(known)
        ]
        return [*readers, (self._own, lambda: None)]

    def _own_metrics(self) -> InMemoryMetricReader:
        reader = InMemoryMetricReader()
        resource = resource_of(Application(SERVICE, version=__version__), instance_id())
        provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        report(
            provider,
            self.tally,
            {
                v.METER_WAITING: lambda: len(self.room),
                v.METER_UNDELIVERED: lambda: len(self.events),
                v.METER_APPLICATIONS: lambda: len(self.applications),
                v.HEARTBEAT: lambda: self._ended or time.time(),
                v.CLEAN_EXIT: lambda: self._ended,
                v.PRICE_AGE: self._prices.age_seconds,
            },
        )
        return reader


def _unwritten(why: str) -> RefusedError:
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "storage", f"{why}: send this again later")


def _sightings(request: Any) -> tuple[list[Sighting], int, str]:  # noqa: ANN401 - a TraceRequest
    found: list[Sighting] = []
    rejected, why = 0, ""
    for resource_spans in request.resource_spans:
        resource = Attributes(resource_spans.resource.attributes)
        application = application_of(resource)
        for scope_spans in resource_spans.scope_spans:
            scope = Scope(text(scope_spans.scope.name), text(scope_spans.scope.version))
            for span in scope_spans.spans:
                try:
                    found.append(sight(WireSpan(span, scope, resource), application))
                except Exception as error:  # noqa: BLE001 - one span that cannot be read must not take others along
                    rejected += 1
                    why = why or (
                        str(error) if isinstance(error, ValueError) else f"unreadable: {type(error).__name__}"
                    )
    return found, rejected, why
