"""The waiting room: every call waits a stated time for the other spans that tell of it, then it is decided."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from heliograph.meter._decisions import Counted, Repeated, decide
from heliograph.meter._matching import same_call
from heliograph.meter._memory import Memory
from heliograph.meter._sighting import State
from heliograph.meter._tools import ToolRoom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from heliograph.meter._decisions import Reason
    from heliograph.meter._sighting import Sighting, SpanKey
    from heliograph.meter._tally import Tally

__all__ = ["WaitingRoom"]

_log = logging.getLogger(__name__)


class WaitingRoom:
    """Takes spans and hands over the calls, and the runs of tools, to count.

    Not thread-safe; `now` is any clock in seconds.

    At most `capacity` calls wait, and `memory` spans are remembered: past either, the oldest call is decided early.
    """

    def __init__(
        self,
        *,
        wait: float,
        capacity: int,
        memory: int,
        tally: Tally,
        count: Callable[[Counted], None],
        count_tool: Callable[[Sighting, str | None], None],
        resent: Callable[[SpanKey], bool] = lambda _: False,
    ) -> None:
        """Make a room; `resent` tells of a span that is no longer remembered whether it came before."""
        self._wait = wait
        self._capacity = capacity
        self._memory = Memory(memory)
        self._tally = tally
        self._count = count
        self._resent = resent
        self._waiting: OrderedDict[SpanKey, Sighting] = OrderedDict()
        self._tools = ToolRoom(wait=wait, capacity=capacity, memory=self._memory, count=count_tool)

    def __len__(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    def put(self, sighting: Sighting, now: float) -> None:
        """Take one span."""
        self._tally.received += 1
        countable = sighting.call is not None or sighting.tool is not None
        if sighting.key in self._memory or (countable and self._resent(sighting.key)):
            if sighting.call is not None:
                self._repeated("resent")
            return
        while self._waiting and (len(self._waiting) >= self._capacity or self._pushes_out_a_waiting_one()):
            self._tally.decided_early += 1
            self._decide_first()
        sighting.late = self._memory.is_late(sighting)
        self._memory.add(sighting)
        self._tools.put(sighting, now)
        if sighting.state is State.WAITING:
            sighting.due = now + self._wait
            self._waiting[sighting.key] = sighting
        elif sighting.state is State.HOME:
            self._metered_at_home(sighting)
        elif sighting.state is State.REPEATED:
            self._repeated("metered_at_home")

    def decide_due(self, now: float, *, most: int | None = None) -> int:
        """Decide what has waited, at most `most` calls and as many tools; return how many of the more numerous."""
        done = 0
        while self._waiting and (most is None or done < most):
            if next(iter(self._waiting.values())).due > now:
                break
            self._decide_first()
            done += 1
        return max(done, self._tools.decide_due(now, most=most))

    def decide_all(self) -> None:
        """Decide everything now: the process ends."""
        while self._waiting:
            self._decide_first()
        self._tools.decide_all()

    def restore(self, sightings: Iterable[Sighting], now: float) -> None:
        """Go on where another process stood. What waited waits anew: spans of other layers may be on their way."""
        tools = []
        for sighting in sightings:
            self._memory.restore(sighting)
            if sighting.tool is not None:
                tools.append(sighting)
            if sighting.state is State.WAITING:
                sighting.due = now + self._wait
                self._waiting[sighting.key] = sighting
        self._tools.restore(tools, now)

    def changes(self) -> tuple[list[Sighting], list[Sighting], int]:
        """Give the spans that came, those that changed, and the number of the oldest that is remembered."""
        new, changed = self._memory.changes()
        return new, changed, self._oldest()

    def everything(self) -> tuple[list[Sighting], int]:
        """Give all spans, those that wait among them, and the number of the oldest that is remembered."""
        self._memory.changes()
        kept = {one.number: one for one in (*self._tools.waiting(), *self._waiting.values(), *self._memory.all())}
        return [kept[number] for number in sorted(kept)], self._oldest()

    def _oldest(self) -> int:
        return self._memory.oldest.number if len(self._memory) else 0

    def _pushes_out_a_waiting_one(self) -> bool:
        return self._memory.full and self._memory.oldest.state is State.WAITING

    def _decide_first(self) -> None:
        _, first = self._waiting.popitem(last=False)
        try:
            outcomes = decide(self._memory, first)
        except Exception:  # noqa: BLE001
            # A defect in the comparison must neither stop the meter nor lose the call: it counts by itself.
            _log.exception("a call could not be compared with others")
            first.state = State.COUNTED
            self._memory.decided(first)
            outcomes = [Counted(first, first.call, None, None)] if first.call is not None else []
        for outcome in outcomes:
            self._waiting.pop(outcome.sighting.key, None)
            if isinstance(outcome, Repeated):
                self._repeated(outcome.reason)
            else:
                self._tally.counted += 1
                self._tally.late += outcome.sighting.late
                self._count(outcome)

    def _metered_at_home(self, sighting: Sighting) -> None:
        """Take a span as evidence; where it comes too late, at least say so."""
        self._tally.metered_at_home += 1
        if any(one.state is State.COUNTED for one in same_call(self._memory, sighting, note=False)):
            self._tally.counted_twice += 1

    def _repeated(self, reason: Reason) -> None:
        self._tally.repeated[reason] += 1
