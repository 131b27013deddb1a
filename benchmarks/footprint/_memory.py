"""Whether memory grows with the number of calls: rounds of the same ones, what is bounded being full beforehand."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING, Any, Final

from benchmarks._sinks import collector
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
_PIECE: Final = 1000
"""Calls that are made without a rest."""
_KIB: Final = 1024
_MIB: Final = 1 << 20


def memory(
    rounds: int, calls: int, warm: int, works: Sequence[Work], say: Callable[[str], None], *, where: bool = False
) -> Table:
    """Make `rounds` rounds of `calls` after `warm` calls, for each kind of call; then again with allocations traced."""
    found: dict[str, dict[str, Any]] = {}
    with collector() as endpoint:
        for work, kind in itertools.product(works, (HAND, OURS)):
            name, share = f"{work}, {kind}", calls // _CHUNKED if work == "stream" else calls
            fill = warm if kind == OURS else min(warm, calls)  # by hand, nothing is kept that could fill
            with worker(kind, endpoint) as ask:
                found[name] = _rounds(_Run(ask, name, say), work, rounds, share, fill)
            if where:  # in a process of its own: what traces takes memory, too
                with worker(kind, endpoint) as ask:
                    found[name] |= _traced(_Run(ask, f"{name}, traced", say), work, rounds, share, fill)
    traced = ["traced MiB per 10 000"] if where else []
    rows = [
        (
            name,
            " ".join(f"{each:+.0f}" for each in said["rss"]),
            f"{said['rss_slope']:+.2f}",
            f"{said['blocks_slope']:+.0f}",
            *(f"{said['traced_slope']:+.2f}" for _ in traced),
        )
        for name, said in found.items()
    ]
    return Table(
        "Memory: does it grow with the number of calls?",
        ("calls", "resident KiB, round by round", "MiB per 10 000", "blocks per 10 000", *traced),
        rows,
        (
            f"{rounds} rounds of {calls} calls (streams: a quarter) after as many, and {warm} that fill what {OURS} "
            "keeps. After each round everything is delivered, collected and given back. Differences to the round "
            f"before; then the slope of resident memory{',' if where else ' and'} of the blocks that Python has "
            f"allocated{', and of what tracemalloc sees' if where else ''}, per 10 000 calls: the median over all "
            "pairs of rounds."
        ),
        found,
    )


class _Run:
    """A worker's way through its rounds."""

    def __init__(self, ask: Asked, name: str, say: Callable[[str], None]) -> None:
        self.ask = ask
        self._name = name
        self._say = say
        self._made = 0

    def after(self, work: Work, calls: int) -> dict[str, int]:
        """Make calls, in pieces with deliveries between them, and give what is left then."""
        for begun in range(0, calls, _PIECE):
            self._say(f"memory: {self._name}: {self._made} calls made")
            piece = min(_PIECE, calls - begun)
            self.ask("turn", work=work, calls=piece)
            self._made += piece
        said: dict[str, int] = self.ask("memory")
        return said


def _rounds(run: _Run, work: Work, rounds: int, calls: int, warm: int) -> dict[str, Any]:
    run.after(_like(work), warm)
    said = [run.after(work, calls) for _ in range(1 + rounds)]
    return {
        "rss": [(after["rss"] - before["rss"]) / _KIB for before, after in itertools.pairwise(said)],
        "rss_slope": _slope([each["rss"] / _MIB for each in said]) * _PER / calls,
        "blocks_slope": _slope([each["blocks"] for each in said]) * _PER / calls,
        "rounds": said,
    }


def _traced(run: _Run, work: Work, rounds: int, calls: int, warm: int) -> dict[str, Any]:
    """Make the same calls with allocations traced: from the start, or what takes an old one's place looks new."""
    run.ask("trace")
    run.after(_like(work), warm)
    said = [run.after(work, calls)]
    run.ask("mark")
    said += [run.after(work, calls) for _ in range(rounds)]
    slope = _slope([each["traced"] / _MIB for each in said]) * _PER / calls
    return {"traced_slope": slope, "traced": said, "grown": run.ask("grown")}


def _like(work: Work) -> Work:
    """Say which calls fill the memories that these do: a refused call is remembered otherwise than an answered one."""
    return "chat" if work == "stream" else work  # the same, and soonest


def _slope(values: Sequence[float]) -> float:
    """Give the growth from one value to the next: the median over all pairs, which a single step does not feign."""
    pairs = itertools.combinations(enumerate(values), 2)
    return statistics.median((after - before) / (later - earlier) for (earlier, before), (later, after) in pairs)
