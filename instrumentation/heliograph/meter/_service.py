"""The meter as a whole: spans in, decisions, metrics and events out.

What it knows changes under one lock. Everything that changed between two commits is one transaction: the file always
holds a state that the meter was in, and a crash goes back to it. What left the meter - an acknowledgement, a number, an
event - did so after the commit that holds it, so whatever is sent again finds what it did before.
"""

from __future__ import annotations

import logging
import threading
import time
from array import array
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from heliograph._version import __version__
from heliograph.genai import vocabulary as v
from heliograph.genai._prices import Prices
from heliograph.meter._applications import Applications, instance_id, resource_of
from heliograph.meter._codec import FIELDS, span_from, span_row, span_state
from heliograph.meter._delivery import Delivery
from heliograph.meter._events import EventQueue
from heliograph.meter._journal import Journal
from heliograph.meter._request import RefusedError
from heliograph.meter._resent import Resent, id_of
from heliograph.meter._room import WaitingRoom
from heliograph.meter._sighting import Application, Sighting, application_of, sight
from heliograph.meter._store import Batch
from heliograph.meter._tally import SET_ASIDE, Tally, report
from heliograph.meter._wire import Attributes, Scope, WireSpan, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heliograph.meter._decisions import Counted
    from heliograph.meter._delivery import Reader
    from heliograph.meter._sighting import SpanKey
    from heliograph.meter._store import Saved, Store

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
        self._lock = threading.Lock()
        self.events = EventQueue(settings.undelivered)
        self._prices = prices or Prices()
        self.applications = Applications(
            most=settings.applications,
            idle=settings.idle,
            prices=self._prices,
            events=self.events,
            tally=self.tally,
        )
        self.room = WaitingRoom(
            wait=settings.wait,
            capacity=settings.waiting,
            memory=settings.remembered,
            tally=self.tally,
            count=self._count,
            count_tool=self._count_tool,
            resent=self._is_resent,
        )
        self._resent = Resent(settings.resent_spans, settings.resent)
        self._ids = array("Q")
        self._block = 1
        self._batch = 0
        self.journal = Journal(self, store)
        if store is not None:
            self._restore(store.load())
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
        now = self._clock()
        with self._lock:
            if self._ended is not None:
                raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "overload", "the meter ends: send this again later")
            self.tally.rejected += rejected
            for sighting in sightings:
                self.room.put(sighting, now)
            batch = self._batch + 1
        # Also for spans that are known: their first arrival may be on its way to the disk.
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

    def changes(self) -> Batch:
        """Give all that changed since this was asked last."""
        with self._lock:
            batch = self._begun()
            new, changed, batch.oldest_span = self.room.changes()
            batch.spans = [span_row(one) for one in new]
            batch.states = [span_state(one) for one in changed]
            if self._ids:
                batch.ids = [(self._block, time.time(), self._ids.tobytes())]
                self._ids = array("Q")
                self._block += 1
            batch.applications, batch.removed, batch.series = self.applications.changes()
            batch.events, batch.newest_event, batch.delivered = self.events.changes()
        return batch

    def everything(self) -> Batch:
        """Give all there is."""
        with self._lock:
            batch = self._begun()
            spans, batch.oldest_span = self.room.everything()
            batch.spans = [span_row(one) for one in spans]
            batch.ids = list(self._resent.blocks())
            self._ids = array("Q")
            batch.applications, batch.series = self.applications.everything()
            batch.events, batch.newest_event = self.events.everything()
        return batch

    def durable(self, batch: Batch) -> None:
        """Hand over what a batch counted."""
        for _, change in batch.series:
            change.publish()
        self.events.publish(batch.newest_event)

    def _begun(self) -> Batch:
        self._batch += 1
        return Batch(self._batch, first_block=self._resent.first_block)

    def _restore(self, saved: Saved) -> None:
        """Go on where another process stood."""
        now = self._clock()
        self.room.restore((span_from(row, saved.fields) for row in saved.spans), now)
        for block, at, ids in saved.resent:
            self._block = block + 1
            for number in array("Q", ids):
                self._resent.add(number, at, block)
        if not saved.is_copy:
            self.applications.restore(saved.applications, saved.series, now)
        self.events.restore(saved.events)
        if saved.is_copy or saved.fields != FIELDS:
            self.journal.rewrite()

    def _is_resent(self, key: SpanKey) -> bool:
        number = id_of(key)
        if not self._resent.add(number, time.time(), self._block):
            return True
        self._ids.append(number)
        return False

    def _count(self, counted: Counted) -> None:
        self.applications.count(counted, self._clock())

    def _count_tool(self, sighting: Sighting, chain: str | None) -> None:
        self.applications.count_tool(sighting, chain, self._clock())

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
