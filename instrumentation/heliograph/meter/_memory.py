"""What the meter has seen lately, so that every layer of a call is recognised: bounded, the oldest goes first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from heliograph.meter._sighting import Layer, Sighting, SpanKey

__all__ = ["Memory"]

_DEEPEST: Final = 64
_MOST_INNER: Final = 32
"""Calls remembered beneath one span. A call holds few others; an agent may hold thousands, but is no call."""
_TOLD: Final = 2
"""Times the capacity, in all: most calls are beneath spans that never come (HTTP), and those are not forgotten with
any span."""
_MOST_ANSWERS: Final = 32
"""Calls of one response id: more than that only where an id means nothing."""
_MOST_TWINS: Final = 128
"""Calls of one trace that are compared with one, where several libraries or services report."""
_FURTHEST: Final = 512
"""Calls before and after one, by their start, among which those are looked for."""


@dataclass(slots=True)
class _Trace:
    calls: dict[Layer, list[Sighting]] = field(default_factory=dict)
    """What each library and service reported, by the start of the call."""
    decided_until: int = 0
    """The latest end of a call that was decided, in nanoseconds since the epoch."""


class Memory:
    """The last `capacity` spans, by their keys, traces, ancestors and response ids. Not thread-safe."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[SpanKey, Sighting] = OrderedDict()
        self._inner: OrderedDict[SpanKey, list[Sighting]] = OrderedDict()
        self._told = 0
        """How many sightings `_inner` holds, in all of its lists."""
        self._traces: dict[int, _Trace] = {}
        self._answers: dict[str, list[Sighting]] = {}
        self._numbers = 0
        self._orders = 0
        self._new: list[Sighting] = []
        self._changed: dict[Sighting, None] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def __contains__(self, key: SpanKey) -> bool:
        return key in self._seen

    @property
    def full(self) -> bool:
        """Whether the next span pushes the oldest one out."""
        return len(self._seen) >= self._capacity

    @property
    def oldest(self) -> Sighting:
        """The span that is forgotten next."""
        return next(iter(self._seen.values()))

    def add(self, sighting: Sighting) -> None:
        """Remember a span; when full, forget the oldest."""
        self._numbers += 1
        sighting.number = self._numbers
        self._new.append(sighting)
        self._add(sighting)

    def restore(self, sighting: Sighting) -> None:
        """Remember a span that was added by another process, in the order of their numbers."""
        self._numbers = max(self._numbers, sighting.number)
        self._orders = max(self._orders, sighting.order)
        self._add(sighting)
        if sighting.order and sighting.call is not None:
            self._decided(sighting)

    def changes(self) -> tuple[list[Sighting], list[Sighting]]:
        """Give the spans that were added, and those that changed, since this was asked last."""
        new = self._new
        for one in new:
            self._changed.pop(one, None)
        changed = list(self._changed)
        self._new, self._changed = [], {}
        return new, changed

    def changed(self, sighting: Sighting) -> None:
        """Note that more is known of a span."""
        self._changed[sighting] = None

    def all(self) -> list[Sighting]:
        """List all spans, in the order of their arrival."""
        return list(self._seen.values())

    def _add(self, sighting: Sighting) -> None:
        while self.full:
            self._forget(self._seen.popitem(last=False)[1])
        self._seen[sighting.key] = sighting
        beneath = self._inner.get(sighting.key, [])
        if sighting.call is not None:
            trace = self._traces.setdefault(sighting.key[0], _Trace())
            insort(trace.calls.setdefault(sighting.layer, []), sighting, key=_order)
            if sighting.call.response_id:
                _append(self._answers.setdefault(sighting.call.response_id, []), sighting, _MOST_ANSWERS)
            beneath = [*beneath, sighting]
        if beneath:
            self._tell_ancestors(sighting, beneath)

    def ancestors(self, sighting: Sighting) -> Iterator[Sighting]:
        """Go from the span's parent upwards, as far as spans are known."""
        parent = sighting.parent
        for _ in range(_DEEPEST):
            found = self._seen.get(parent) if parent is not None else None
            if found is None:
                return
            yield found
            parent = found.parent

    def inner(self, sighting: Sighting) -> list[Sighting]:
        """List calls known to be beneath the span, at any depth."""
        return self._inner.get(sighting.key, [])

    def same_answer(self, sighting: Sighting) -> Collection[Sighting]:
        """List calls with the response id of this one, itself among them."""
        call = sighting.call
        return self._answers.get(call.response_id, ()) if call is not None and call.response_id else ()

    def twins(self, sighting: Sighting) -> list[Sighting]:
        """List calls of the trace by other libraries or services, those that start at about the same time.

        Without those of which this layer, or theirs, is known to have told already.
        """
        trace = self._traces.get(sighting.key[0])
        if trace is None or len(trace.calls) == 1:
            return []
        found: list[Sighting] = []
        for layer, calls in trace.calls.items():
            if layer != sighting.layer and layer not in sighting.told_by:
                found += islice(_free(calls, sighting), _MOST_TWINS - len(found))
        return found

    def layer_began(self, sighting: Sighting) -> int:
        """Tell when the first call of the span's layer began in its trace, as far as is remembered."""
        trace = self._traces.get(sighting.key[0])
        calls = trace.calls.get(sighting.layer) if trace is not None else None
        return calls[0].started if calls else sighting.started

    def decided(self, sighting: Sighting) -> None:
        """Note that a call was decided: those of its trace that ended no later should have been here by now."""
        self.ordered(sighting)
        self._decided(sighting)

    def ordered(self, sighting: Sighting) -> None:
        """Note the place of a decision among all decisions."""
        self._orders += 1
        sighting.order = self._orders
        self._changed[sighting] = None

    def _decided(self, sighting: Sighting) -> None:
        trace = self._traces.get(sighting.key[0])
        if trace is not None:
            trace.decided_until = max(trace.decided_until, sighting.ended)

    def is_late(self, sighting: Sighting) -> bool:
        """Whether a call of the trace that ended no earlier is decided already."""
        trace = self._traces.get(sighting.key[0])
        return trace is not None and sighting.ended <= trace.decided_until

    def _tell_ancestors(self, sighting: Sighting, calls: list[Sighting]) -> None:
        key = sighting.parent
        for _ in range(_DEEPEST):
            if key is None:
                return
            known = self._inner.setdefault(key, [])
            new = [call for call in calls[: _MOST_INNER - len(known)] if call not in known]
            known.extend(new)
            self._told += len(new)
            while len(self._inner) > self._capacity or self._told > _TOLD * self._capacity:
                self._told -= len(self._inner.popitem(last=False)[1])
            above = self._seen.get(key)
            key = above.parent if above is not None else None

    def _forget(self, sighting: Sighting) -> None:
        self._told -= len(self._inner.pop(sighting.key, ()))
        trace = self._traces.get(sighting.key[0])
        calls = trace.calls.get(sighting.layer) if trace is not None and sighting.call is not None else None
        if trace is not None and calls is not None:
            del calls[bisect_left(calls, _order(sighting), key=_order)]
            if not calls:
                del trace.calls[sighting.layer]
            if not trace.calls:
                del self._traces[sighting.key[0]]
        answer = sighting.call.response_id if sighting.call is not None else None
        answered = self._answers.get(answer) if answer else None
        if answer and answered and answered[0] is sighting:
            del answered[0]
            if not answered:
                del self._answers[answer]


def _append(sightings: list[Sighting], sighting: Sighting, most: int) -> None:
    sightings.append(sighting)
    if len(sightings) > most:
        del sightings[0]


def _order(sighting: Sighting) -> tuple[int, SpanKey]:
    return sighting.started, sighting.key


def _free(calls: list[Sighting], sighting: Sighting) -> Iterator[Sighting]:
    """Go through calls of another layer, from the nearest start to those further away, on both sides in turn."""
    layer = sighting.layer
    middle = bisect_left(calls, _order(sighting), key=_order)
    for away in range(_FURTHEST):
        after, before = middle + away, middle - 1 - away
        if after < len(calls) and layer not in calls[after].told_by:
            yield calls[after]
        if before >= 0 and layer not in calls[before].told_by:
            yield calls[before]
        elif before < 0 and after >= len(calls):
            return
