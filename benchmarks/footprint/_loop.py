"""A thousand calls at once on one loop: how long it stands still, and what they cost in all."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from benchmarks._sinks import collector
from benchmarks.footprint._peers import BARE, HAND, OURS
from benchmarks.footprint._processes import worker
from benchmarks.footprint._table import Table, middle, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["loop"]

_KINDS: Final = (BARE, HAND, OURS)
_BURST: Final = 0.2
"""Seconds that an answer takes where all calls begin at once."""


def loop(rounds: int, calls: int, over: float, say: Callable[[str], None]) -> Table:
    """Let each peer make `calls` at once, and begun within `over` seconds: all are under way when the first is done."""
    ways = {"at once": {"delay": _BURST, "over": 0.0}, "one by one": {"delay": over, "over": over}}
    found: dict[str, dict[str, list[dict[str, float]]]] = {way: {kind: [] for kind in _KINDS} for way in ways}
    with contextlib.ExitStack() as stack:
        endpoint = stack.enter_context(collector())
        workers = {kind: stack.enter_context(worker(kind, endpoint)) for kind in _KINDS}
        for ask in workers.values():
            ask("loop", work="chat", calls=100, delay=0.1, over=0.1)
        for number in range(rounds):
            say(f"asyncio: round {number + 1} of {rounds}")
            for way, times in ways.items():
                for kind, ask in workers.items():
                    found[way][kind].append(ask("loop", work="chat", calls=calls, **times))
    rows = [
        (
            f"{kind}, {way}",
            f"{1000 * middle(each['wall'] for each in turns):.0f}",
            f"{1000 * middle(each['cpu'] for each in turns):.0f}",
            f"{ratio([each['cpu'] for each in turns], [each['cpu'] for each in by_kind[BARE]]):.2f}",
            f"{1000 * middle(each['stall'] for each in turns):.0f}",
            f"{1000 * middle(each['late'] for each in turns):.1f}",
            f"{1000 * middle(each['busy'] for each in turns):.0f}",
        )
        for way, by_kind in found.items()
        for kind, turns in by_kind.items()
    ]
    return Table(
        f"{calls:,} calls at once on one loop: how long does it stand still?".replace(",", " "),
        ("", "wall ms", "CPU ms", "CPU ratio", "longest stall ms", "p99 ms", "longest work ms"),
        rows,
        (
            f"{rounds} turns. At once: all begin together, and an answer takes {_BURST} s. One by one: they begin "
            f"evenly over {over:g} s and an answer takes as long, so that all are under way in the middle. Stall: how "
            "late a task was that wakes up every 5 ms, at worst and at p99. Longest work: CPU time of the loop's "
            "thread between two of its beats, which does not tell of other processes."
        ),
        found,
    )
