"""All that a crash must not change: what waits, what is remembered, what was counted, what is to be delivered.

It changes under one lock. What changed between two commits is one transaction: the file always holds a state that the
meter was in, and a crash goes back to it.
"""

from __future__ import annotations

import threading
import time
from array import array
from typing import TYPE_CHECKING

from heliograph.meter._applications import Applications
from heliograph.meter._codec import FIELDS, span_from, span_row, span_state
from heliograph.meter._events import EventQueue
from heliograph.meter._resent import Resent, id_of
from heliograph.meter._room import WaitingRoom
from heliograph.meter._store import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heliograph.genai._prices import Prices
    from heliograph.meter._decisions import Counted
    from heliograph.meter._service import Settings
    from heliograph.meter._sighting import Sighting, SpanKey
    from heliograph.meter._store import Saved
    from heliograph.meter._tally import Tally

__all__ = ["Books"]


class Books:
    """The meter's own knowledge. Hold `lock` to use or change `room` and `applications`; `clock` gives seconds."""

    def __init__(self, settings: Settings, *, prices: Prices, tally: Tally, clock: Callable[[], float]) -> None:
        self.lock = threading.Lock()
        self._clock = clock
        self.events = EventQueue(settings.undelivered)
        self.applications = Applications(
            most=settings.applications, idle=settings.idle, prices=prices, events=self.events, tally=tally
        )
        self.room = WaitingRoom(
            wait=settings.wait,
            capacity=settings.waiting,
            memory=settings.remembered,
            tally=tally,
            count=self._count,
            count_tool=self._count_tool,
            resent=self._is_resent,
        )
        self._resent = Resent(settings.resent_spans, settings.resent)
        self._ids = array("Q")
        """Of spans that came since the last batch."""
        self._block = 1
        self._batch = 0

    def put(self, sightings: Sequence[Sighting]) -> int:
        """Take spans; return the number of the batch with which they are durable. Needs the lock.

        It is the next one also where all of them are known: their first arrival may be on its way to the disk.
        """
        now = self._clock()
        for sighting in sightings:
            self.room.put(sighting, now)
        return self._batch + 1

    def changes(self) -> Batch:
        """Give all that changed since this was asked last."""
        with self.lock:
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
        with self.lock:
            batch = self._begun()
            spans, batch.oldest_span = self.room.everything()
            batch.spans = [span_row(one) for one in spans]
            batch.ids = list(self._resent.blocks())
            self._ids = array("Q")
            self._block += 1
            batch.applications, batch.series = self.applications.everything()
            batch.events, batch.newest_event = self.events.everything()
        return batch

    def durable(self, batch: Batch) -> None:
        """Hand over what a batch counted."""
        for _, change in batch.series:
            change.publish()
        self.events.publish(batch.newest_event)

    def restore(self, saved: Saved) -> bool:
        """Go on where another process stood; return whether the file must be written anew before anything is added.

        For a new object only. Raises ValueError, TypeError or KeyError for what cannot be read: then it is of no use.
        """
        now = self._clock()
        self.room.restore([span_from(row, saved.fields) for row in saved.spans], now)
        for block, at, ids in saved.resent:
            self._block = block + 1
            for number in array("Q", ids):
                self._resent.add(number, at, block)
        if not saved.is_copy:
            self.applications.restore(saved.applications, saved.series, now)
        self.events.restore(saved.events)
        return saved.is_copy or saved.fields != FIELDS

    def _begun(self) -> Batch:
        self._batch += 1
        return Batch(self._batch, first_block=self._resent.first_block)

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
