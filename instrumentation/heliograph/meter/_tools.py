"""Runs of tools wait, as calls do, for the spans of other layers and for the chains around them."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._tool import ToolRuns
from heliograph.meter._sighting import ID_SPECS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from heliograph.meter._memory import Memory
    from heliograph.meter._sighting import Sighting

__all__ = ["ToolRoom"]

_log = logging.getLogger(__name__)
_CHAIN: Final = ID_SPECS.index(v.CHAIN)


class ToolRoom:
    """Takes spans of tools and hands over the runs to count. Not thread-safe; `now` is any clock in seconds.

    At most `capacity` wait: past it, the oldest is decided early. `memory` knows the spans around them;
    `count` gets the span that tells of a run, and the chain that it ran in.
    """

    def __init__(
        self, *, wait: float, capacity: int, memory: Memory, count: Callable[[Sighting, str | None], None]
    ) -> None:
        self._wait = wait
        self._capacity = capacity
        self._memory = memory
        self._count = count
        self._runs = ToolRuns(capacity)
        self._waiting: deque[tuple[float, Sighting]] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def put(self, sighting: Sighting, now: float) -> None:
        """Take a span of a tool. One that its application counted is evidence, at once."""
        if sighting.tool is None:
            return
        if sighting.at_home:
            self._memory.ordered(sighting)
            self._runs.is_repeat(sighting.tool, within=sighting.application.service)
            return
        self._waiting.append((now + self._wait, sighting))
        if len(self._waiting) > self._capacity:
            self._decide_first()

    def restore(self, sightings: Iterable[Sighting], now: float) -> None:
        """Go on where another process stood, with spans of tools in the order of their arrival."""
        known = [one for one in sightings if one.tool is not None]
        for sighting in sorted((one for one in known if one.order), key=lambda one: one.order):
            if sighting.tool is not None:
                self._runs.is_repeat(sighting.tool, within=sighting.application.service)
        self._waiting.extend((now + self._wait, one) for one in known if not one.order)

    def waiting(self) -> list[Sighting]:
        """List the spans that wait."""
        return [sighting for _, sighting in self._waiting]

    def decide_due(self, now: float, *, most: int | None = None) -> int:
        """Decide the runs that have waited, at most `most`; return how many were decided."""
        done = 0
        while self._waiting and self._waiting[0][0] <= now and (most is None or done < most):
            self._decide_first()
            done += 1
        return done

    def decide_all(self) -> None:
        """Decide everything now: the process ends."""
        while self._waiting:
            self._decide_first()

    def _decide_first(self) -> None:
        _, sighting = self._waiting.popleft()
        self._memory.ordered(sighting)
        if sighting.tool is None or self._runs.is_repeat(sighting.tool, within=sighting.application.service):
            return
        around = (sighting, *self._memory.ancestors(sighting))
        chain = next((one.ids[_CHAIN] for one in around if one.ids is not None and one.ids[_CHAIN]), None)
        try:
            self._count(sighting, chain)
        except Exception:  # noqa: BLE001 - a defect must not stop the meter
            _log.exception("a run of a tool could not be counted")
