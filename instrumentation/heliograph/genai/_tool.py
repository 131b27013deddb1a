"""One run of a tool, and the memory by which several layers' reports of it count once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from heliograph.genai._call import CallStatus

__all__ = ["ToolRun", "ToolRuns"]

_CAPACITY: Final = 4096
_COMPARED: Final = 512
"""Of each other layer, the newest runs of the tool that one is compared with."""
_CALLBACKS_TAKE: Final = 250_000_000
"""Nanoseconds that may lie between the moments at which two layers are told of the same thing."""


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One run of a tool. Times are nanoseconds since the epoch."""

    tool: str
    status: CallStatus
    error_type: str | None = None
    call_id: str | None = None
    """The id under which the model asked for it."""
    scope: str = ""
    started: int = 0
    ended: int = 0

    def is_told_by(self, other: ToolRun) -> bool:
        """Whether another layer's report of the same tool may be one of this run."""
        if self.call_id and other.call_id:
            return self.call_id == other.call_id
        return self._holds(other) or other._holds(self)

    def _holds(self, other: ToolRun) -> bool:
        return self.started - _CALLBACKS_TAKE <= other.started and other.ended <= self.ended + _CALLBACKS_TAKE


@dataclass(slots=True, eq=False)
class _Known:
    """A run that counts, and the layers that have told of it."""

    run: ToolRun
    place: Hashable
    layers: set[str] = field(default_factory=set)


class ToolRuns:
    """The newest runs, by tool and by the layer that told first. Not safe for threads: the metering line is one.

    Layers lie around each other (a framework's span around that of the tool's own client) or side by side, in traces
    of their own (callbacks). In either case one's time holds the other's, and each layer tells of a run once: reports
    pair up one to one, so that many alike runs at one moment have the right sum whichever is paired with which. A tool
    that runs itself, told by one layer, is two runs.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._places: dict[Hashable, dict[str, deque[_Known]]] = {}
        self._newest: deque[_Known] = deque()

    def __len__(self) -> int:
        return len(self._newest)

    def is_repeat(self, run: ToolRun, *, within: Hashable = None) -> bool:
        """Whether another layer of the same service (`within`) told of the run; if not, it is remembered."""
        place = (within, run.tool.casefold())
        known = min(self._fitting(place, run), key=lambda each: _apart(each.run, run), default=None)
        if known is not None:
            known.layers.add(run.scope)
            return True
        self._remember(_Known(run, place, {run.scope}))
        return False

    def _fitting(self, place: Hashable, run: ToolRun) -> Iterator[_Known]:
        for scope, told in self._places.get(place, {}).items():
            if scope != run.scope:
                for each in islice(reversed(told), _COMPARED):
                    if run.scope not in each.layers and each.run.is_told_by(run):
                        yield each

    def _remember(self, known: _Known) -> None:
        self._newest.append(known)
        self._places.setdefault(known.place, {}).setdefault(known.run.scope, deque()).append(known)
        if len(self._newest) > self._capacity:
            oldest = self._newest.popleft()
            layers = self._places[oldest.place]
            layers[oldest.run.scope].popleft()
            if not layers[oldest.run.scope]:
                del layers[oldest.run.scope]
            if not layers:
                del self._places[oldest.place]


def _apart(one: ToolRun, other: ToolRun) -> int:
    return abs(one.started - other.started) + abs(one.ended - other.ended)
