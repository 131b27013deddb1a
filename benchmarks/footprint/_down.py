"""What calls cost while the collector is there, refuses connections, or takes them and never answers."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any, Final

from benchmarks._sinks import DOWN, collector, hole
from benchmarks.footprint._peers import BARE, HAND, OURS
from benchmarks.footprint._processes import worker
from benchmarks.footprint._table import Table, middle, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.footprint._processes import Asked

__all__ = ["down"]

_MIB: Final = 1 << 20
_CHUNK: Final = 1000
_PER: Final = 10_000


def down(rounds: int, calls: int, fill: int, say: Callable[[str], None]) -> Table:
    """Let every pair of a peer and a collector take `rounds` turns of `calls`; then fill the queues, twice over."""
    with contextlib.ExitStack() as stack:
        addresses = {
            "up": stack.enter_context(collector()),
            "refusing": DOWN,
            "hanging": stack.enter_context(hole()),
        }
        workers = {BARE: stack.enter_context(worker(BARE, DOWN))} | {
            f"{kind}, collector {state}": stack.enter_context(worker(kind, address))
            for kind in (HAND, OURS)
            for state, address in addresses.items()
        }
        found: dict[str, list[dict[str, float]]] = {name: [] for name in workers}
        for number in range(rounds + 1):  # the first one imports and connects
            for name, ask in workers.items():
                say(f"down: round {number} of {rounds}, {name}")
                said = ask("turn", work="chat", calls=calls)
                if number:
                    found[name].append(said)
        kept = {}
        for name, ask in workers.items():
            kept[name] = _filled(ask, fill, name, say)
    rows = [_row(name, each, found[BARE], kept[name]) for name, each in found.items()]
    return Table(
        "A dead collector: what does it cost the application?",
        ("", "calls/s", "ratio", "p50 µs", "ratio", "p99 µs", "ratio", "CPU ratio", "MiB per 10 000", "and then"),
        rows,
        (
            f"One thread, call after call, {rounds} turns of {calls} calls each. Medians; ratios to no telemetry in "
            f"the same round. MiB per 10 000: what resident memory grew by in {fill} calls, which fill the queues, and "
            f"in {fill} more, without a rest."
        ),
        {"turns": found, "growth_mib_per_10000": kept},
    )


def _filled(ask: Asked, calls: int, name: str, say: Callable[[str], None]) -> list[float]:
    """Give by how many MiB per 10 000 calls the process grows in so many calls, and in so many more."""
    sizes = [_size(ask)]
    for made in (0, calls):
        for begun in range(0, calls, _CHUNK):
            say(f"down: memory, {name}: {made + begun} calls of {2 * calls}")
            ask("turn", work="chat", calls=min(_CHUNK, calls - begun))
        sizes.append(_size(ask))
    return [(after - before) * _PER / calls for before, after in itertools.pairwise(sizes)]


def _size(ask: Asked) -> float:
    said: dict[str, Any] = ask("memory", settled=False)
    return float(said["rss"]) / _MIB


def _row(name: str, each: list[dict[str, float]], bare: list[dict[str, float]], kept: list[float]) -> tuple[str, ...]:
    def times(what: str) -> str:
        return f"{ratio([one[what] for one in each], [one[what] for one in bare]):.2f}"

    return (
        name,
        f"{middle(one['calls'] / one['wall'] for one in each):.0f}",
        f"{1 / ratio([one['wall'] for one in each], [one['wall'] for one in bare]):.2f}",
        f"{1e6 * middle(one['p50'] for one in each):.0f}",
        times("p50"),
        f"{1e6 * middle(one['p99'] for one in each):.0f}",
        times("p99"),
        times("cpu"),
        *(f"{grown:+.1f}" for grown in kept),
    )
