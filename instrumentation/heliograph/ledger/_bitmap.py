"""A set of numbers from 0 to a known end, one bit each: 6 million points fit in 750 kB."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Bitmap"]


class Bitmap:
    """Which of the numbers 0 to `size - 1` are in."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._bits = bytearray((size + 7) // 8)

    def update(self, numbers: Iterable[int]) -> None:
        """Add numbers; raises IndexError for one outside."""
        bits = self._bits
        for number in numbers:
            if not 0 <= number < self._size:
                raise IndexError(number)
            bits[number >> 3] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        return 0 <= number < self._size and bool(self._bits[number >> 3] >> (number & 7) & 1)

    def count(self, first: int, end: int) -> int:
        """Return how many of `first` to `end - 1` are in."""
        return self._slice(first, end).bit_count()

    def lacking(self, expected: Bitmap, first: int, end: int) -> int:
        """Return how many of `first` to `end - 1` are in `expected` and not here."""
        return (expected._slice(first, end) & ~self._slice(first, end)).bit_count()

    def gaps(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches of `first` to `end - 1` that are not in, each as (first, end)."""
        whole, position = self._slice(first, end), 0
        length = end - first
        absent = ~whole & ((1 << length) - 1)
        while absent:
            skip = (absent & -absent).bit_length() - 1
            absent >>= skip
            position += skip
            run = (~absent & (absent + 1)).bit_length() - 1
            yield first + position, first + position + run
            absent >>= run
            position += run

    def _slice(self, first: int, end: int) -> int:
        if not 0 <= first <= end <= self._size:
            raise IndexError((first, end))
        start = first >> 3
        value = int.from_bytes(self._bits[start : (end + 7) >> 3], "little") >> (first & 7)
        return value & ((1 << (end - first)) - 1)
