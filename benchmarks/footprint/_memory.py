"""Whether memory grows with the number of calls: rounds of the same ones, what is bounded being full beforehand."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from benchmarks._sinks import collector
from benchmarks.footprint._calls import WORKS
from benchmarks.footprint._peers import HAND, OURS
from benchmarks.footprint._processes import worker
from benchmarks.footprint._table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.footprint._calls import Work
    from benchmarks.footprint._processes import Asked

__all__ = ["memory"]

_PER: Final = 10_000
"""Calls that a growth is told for."""
_CHUNKED: Final = 4
"""Streams cost several times what a whole answer does: so much fewer are made."""
_KIB: Final = 1024


def memory(
    rounds: int, calls: int, warm: int, works: Sequence[Work], say: Callable[[str], None], *, where: bool = False
) -> Table:
    """Make `rounds` rounds of `calls` after `warm` calls, for each kind of call; then again with allocations traced."""
    found: dict[str, dict[str, Any]] = {}
    with collector() as endpoint:
        for work in works or WORKS:
            share = calls // _CHUNKED if work == "stream" else calls
            for kind in (HAND, OURS):
                say(f"memory: {work}, {kind}")
                with worker(kind, endpoint) as ask:
                    found[f"{work}, {kind}"] = _rounds(ask, work, rounds, share, warm) | _traced(
                        ask, work, share, where
                    )
    rows = [
        (
            name,
            " ".join(f"{each:+.0f}" for each in said["rss"]),
            f"{said['rss_slope']:+.0f}",
            f"{said['blocks_slope']:+.0f}",
            f"{said['traced_slope']:+.0f}",
        )
        for name, said in found.items()
    ]
    return Table(
        "Memory: does it grow with the number of calls?",
        ("calls", "resident KiB, round by round", "KiB per 10 000", "blocks per 10 000", "traced KiB per 10 000"),
        rows,
        (
            f"{rounds} rounds of {calls} calls (streams: a quarter) after as many, and {warm} that fill what is kept. "
            "After each round everything is delivered and collected. Differences to the round before; then the slope "
            "of resident memory, of the blocks that Python has allocated, and of what tracemalloc sees, per 10 000."
        ),
        found,
    )


def _rounds(ask: Asked, work: Work, rounds: int, calls: int, warm: int) -> dict[str, Any]:
    _after(ask, "chat", warm)  # they fill the same memories as any others, and soonest
    said = [_after(ask, work, calls)] + [_after(ask, work, calls) for _ in range(rounds)]
    return {
        "rss": [(after["rss"] - before["rss"]) / _KIB for before, after in itertools.pairwise(said)],
        "rss_slope": _slope([each["rss"] / _KIB for each in said]) * _PER / calls,
        "blocks_slope": _slope([each["blocks"] for each in said]) * _PER / calls,
        "rounds": said,
    }


def _traced(ask: Asked, work: Work, calls: int, where: bool) -> dict[str, Any]:  # noqa: FBT001 - handed through
    """Make three more rounds with allocations traced; the first fills the trace."""
    ask("trace")
    _after(ask, work, calls)
    if where:
        ask("mark")
    said = [ask("memory")] + [_after(ask, work, calls) for _ in range(2)]
    slope = _slope([each["traced"] / _KIB for each in said]) * _PER / calls
    return {"traced_slope": slope, "traced": said, "grown": ask("grown") if where else []}


def _after(ask: Asked, work: Work, calls: int) -> dict[str, int]:
    """Make calls, in pieces with deliveries between them, and give what is left then."""
    for begun in range(0, calls, 1000):
        ask("turn", work=work, calls=min(1000, calls - begun))
    said: dict[str, int] = ask("memory")
    return said


def _slope(values: Sequence[float]) -> float:
    """Give the growth from one value to the next, by least squares."""
    count = len(values)
    middle_x, middle_y = (count - 1) / 2, sum(values) / count
    above = sum((x - middle_x) * (y - middle_y) for x, y in enumerate(values))
    return above / sum((x - middle_x) ** 2 for x in range(count))
