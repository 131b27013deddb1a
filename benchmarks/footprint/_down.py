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
            say(f"down: round {number} of {rounds}")
            for name, ask in workers.items():
                said = ask("turn", work="chat", calls=calls)
                if number:
                    found[name].append(said)
        kept = {}
        for name, ask in workers.items():
            say(f"down: memory, {name}")
            kept[name] = _filled(ask, fill)
    rows = [_row(name, each, found[BARE], kept[name]) for name, each in found.items()]
    return Table(
        "A dead collector: what does it cost the application?",
        ("", "calls/s", "ratio", "p50 µs", "ratio", "p99 µs", "ratio", "CPU ratio", "MiB, first", "MiB, second"),
        rows,
        (
            f"One thread, call after call, {rounds} turns of {calls} calls each. Medians; ratios to no telemetry in "
            f"the same round. MiB: what resident memory grew by in {fill} calls, and in {fill} more, without a rest."
        ),
        {"turns": found, "growth_mib": kept},
    )


def _filled(ask: Asked, calls: int) -> list[float]:
    """Give by how many MiB the process grows in so many calls, and in so many more."""
    sizes = [_size(ask)]
    for _ in range(2):
        for begun in range(0, calls, _CHUNK):
            ask("turn", work="chat", calls=min(_CHUNK, calls - begun))
        sizes.append(_size(ask))
    return [after - before for before, after in itertools.pairwise(sizes)]


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
