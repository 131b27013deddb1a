"""From what the workers measured to the figures of the table."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["KINDS", "Added", "added", "median", "quartiles", "ratio"]

KINDS: Final = ("chat", "stream")
_MICRO: Final = 1e6


@dataclass(frozen=True)
class Added:
    """What a contender adds to a call, in microseconds.

    `wall` is the caller's time, `spread` the middle half of its rounds, `thread` the CPU time of the caller's thread,
    `cpu` that of the process. `bare` is the wall of a bare call in the same process. `flush` is what an empty flush
    takes.
    """

    wall: float
    spread: tuple[float, float]
    thread: float
    cpu: float
    bare: float
    flush: float


def added(turns: Sequence[dict[str, Any]]) -> Added:
    """Sum up the turns of one contender and one kind of call.

    A round's figure is the median over its pairs of batches of the difference within the pair, and the result the
    median over the rounds.
    """
    walls = [median(_differences(turn, "wall")) for turn in turns]
    threads = [median(_differences(turn, "thread")) for turn in turns]
    cpus = [thread + turn["background"] for thread, turn in zip(threads, turns, strict=True)]
    low, middle, high = quartiles(walls)
    return Added(
        wall=middle * _MICRO,
        spread=(low * _MICRO, high * _MICRO),
        thread=median(threads) * _MICRO,
        cpu=median(cpus) * _MICRO,
        bare=median(pair["bare"]["wall"] for turn in turns for pair in turn["pairs"]) * _MICRO,
        flush=median(turn["flush"] for turn in turns) * _MICRO,
    )


def median(values: Iterable[float]) -> float:
    """Return the middle one."""
    return statistics.median(values)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the borders of the middle half, and the median between them; of a single value three times that."""
    if len(values) == 1:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def ratio(value: float, yardstick: float | None) -> float | None:
    """Return how many times the yardstick a value is; None without a yardstick, or when that is lost in the noise."""
    return value / yardstick if yardstick is not None and yardstick > 0 else None


def _differences(turn: dict[str, Any], clock: str) -> list[float]:
    return [pair["with"][clock] - pair["bare"][clock] for pair in turn["pairs"]]
