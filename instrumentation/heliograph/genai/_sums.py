"""Counts of a batch of calls, added up before OpenTelemetry hears of them.

A measurement costs the SDK some 8 µs, most of it for looking at its labels; the sum of a batch is one measurement. For
whole numbers only, whose sum is the same in any order, and without exemplars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.genai._exemplars import NO_EXEMPLAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.metrics import Counter

__all__ = ["Sums"]


class Sums:
    """What is not told yet. Its owner sees to it that one thread at a time uses it."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Counter, tuple[tuple[str, str], ...]], int] = {}

    def add(self, counter: Counter, amount: int, labels: Mapping[str, str]) -> None:
        """Add to a counter."""
        key = (counter, tuple(labels.items()))
        self._sums[key] = self._sums.get(key, 0) + amount

    def tell(self) -> None:
        """Tell the counters."""
        while self._sums:
            (counter, labels), amount = self._sums.popitem()
            counter.add(amount, dict(labels), NO_EXEMPLAR)

    def forget(self) -> None:
        """Forget what is not told: in a forked child it is the parent's to tell."""
        self._sums.clear()
