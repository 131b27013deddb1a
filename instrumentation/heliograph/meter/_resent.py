"""Spans that were taken already, told by an id of 8 bytes each: the collector may send them again hours later.

After a crash of its own the collector puts what was under way at the end of its queue, behind all that waits there. By
then the spans are no longer remembered as evidence (`_memory`), but must not count again.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.meter._sighting import SpanKey

__all__ = ["Resent", "id_of"]

_GENERATIONS: Final = 4
_SMALLEST: Final = 1024
_FULLEST: Final = 0.66


def id_of(key: SpanKey) -> int:
    """Make 8 bytes of a span's 24; never 0. Two of 3 million spans share one with a probability of 1 : 4 000 000."""
    trace, span = key
    return int.from_bytes(blake2b(trace.to_bytes(16) + span.to_bytes(8), digest_size=8).digest()) or 1


class Resent:
    """At least the last `capacity` ids, or those of the last `seconds` where they are fewer.

    Ids are forgotten by generations, a quarter of all at a time. `block` numbers what is written down together: blocks
    before `first_block` hold nothing any more that is remembered. Not thread-safe.
    """

    def __init__(self, capacity: int, seconds: float) -> None:
        self._most = max(capacity // _GENERATIONS, 1)
        self._longest = seconds / _GENERATIONS
        self._generations = [_Generation(0.0, 0)]

    def __len__(self) -> int:
        return sum(len(one) for one in self._generations)

    @property
    def first_block(self) -> int:
        """The oldest block with ids that are remembered."""
        return self._generations[0].block

    def add(self, number: int, now: float, block: int) -> bool:
        """Remember an id at the time `now` (seconds); return whether it is new."""
        if any(number in one for one in self._generations):
            return False
        current = self._generations[-1]
        if len(current) == 0:  # the very first
            current.began = now
        elif len(current) >= self._most or now - current.began >= self._longest:
            current = _Generation(now, block)
            self._generations.append(current)
            del self._generations[: -_GENERATIONS - 1]
        current.add(number)
        return True

    def blocks(self) -> Iterator[tuple[int, float, bytes]]:
        """Go through all ids, in blocks with their number and time."""
        for block, begun in groupby(self._generations, key=lambda one: one.block):
            generations = list(begun)
            yield block, generations[0].began, b"".join(one.ids() for one in generations)


class _Generation:
    """A set of numbers between 1 and 2^64 - 1, in an open hash table: 12 to 24 bytes each, where Python's takes 70."""

    __slots__ = ("_slots", "_used", "began", "block")

    def __init__(self, began: float, block: int) -> None:
        self.began = began
        self.block = block
        self._used = 0
        self._slots = array("Q", bytes(8 * _SMALLEST))

    def __len__(self) -> int:
        return self._used

    def __contains__(self, number: int) -> bool:
        return bool(self._slots[_place(self._slots, number)])

    def ids(self) -> bytes:
        return array("Q", filter(None, self._slots)).tobytes()

    def add(self, number: int) -> None:
        if self._used >= _FULLEST * len(self._slots):
            slots = array("Q", bytes(16 * len(self._slots)))
            for known in self._slots:
                if known:
                    slots[_place(slots, known)] = known
            self._slots = slots
        self._slots[_place(self._slots, number)] = number
        self._used += 1


def _place(slots: array[int], number: int) -> int:
    """Find the slot of a number, or the free one that it belongs into."""
    last = len(slots) - 1
    place = number & last
    while (found := slots[place]) and found != number:
        place = (place + 1) & last
    return place
