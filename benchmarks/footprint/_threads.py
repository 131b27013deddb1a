"""What becomes of calls that 32 threads make at once, and what they wait for."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from benchmarks._sinks import collector
from benchmarks.footprint._peers import BARE, HAND, OURS
from benchmarks.footprint._processes import worker
from benchmarks.footprint._table import Table, middle, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.footprint._peers import Kind
    from benchmarks.footprint._processes import Asked

__all__ = ["threads"]

_MANY: Final = 32
_KINDS: Final = (BARE, HAND, OURS)
_SHOWN: Final = 3


def threads(rounds: int, calls: int, say: Callable[[str], None]) -> Table:
    """Let each peer make `calls` in one thread and in 32, in turns; then once more with the locks timed."""
    found: dict[Kind, dict[str, list[dict[str, float]]]] = {kind: {"1": [], str(_MANY): []} for kind in _KINDS}
    waited: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in (HAND, OURS)}
    with contextlib.ExitStack() as stack:
        endpoint = stack.enter_context(collector())
        workers = {kind: stack.enter_context(worker(kind, endpoint)) for kind in _KINDS}
        timed = {kind: stack.enter_context(worker(kind, endpoint, locks=True)) for kind in waited}
        for number in range(rounds + 1):
            say(f"threads: round {number} of {rounds}")
            for kind, ask in workers.items():
                for many, turns in found[kind].items():
                    said = ask("turn", work="chat", calls=calls, threads=int(many))
                    if number:
                        turns.append(said)
            for kind, ask in timed.items():
                said = _waits(ask, calls)
                if number:
                    waited[kind].append(said)
    rows = [_row(kind, found, waited.get(kind, [])) for kind in _KINDS]
    return Table(
        f"{_MANY} threads at once: do they stand in each other's way?",
        (
            "",
            "calls/s, 1 thread",
            f"{_MANY} threads",
            f"{_MANY} against 1",
            "against bare",
            "CPU against bare",
            "p99 ms",
            "waiting for locks",
        ),
        rows,
        (
            f"{rounds} turns of {calls} calls each, without any wait in the call itself: what threads wait for most is "
            "the interpreter. Waiting for locks: share of the threads' time, in processes of their own whose locks "
            "(OpenTelemetry's and ours) are timed; the wait for the interpreter once a lock is free is in it."
            + "".join(_hottest(waited))
        ),
        {"turns": found, "waits": waited},
    )


def _waits(ask: Asked, calls: int) -> dict[str, Any]:
    ask("locks")
    said = ask("turn", work="chat", calls=calls, threads=_MANY)
    places: dict[str, tuple[int, float]] = ask("locks")
    return {"share": sum(seconds for _, seconds in places.values()) / (_MANY * said["wall"]), "places": places}


def _row(
    kind: Kind, found: dict[Kind, dict[str, list[dict[str, float]]]], waited: list[dict[str, Any]]
) -> tuple[str, ...]:
    one, many, bare = found[kind]["1"], found[kind][str(_MANY)], found[BARE][str(_MANY)]

    def of(turns: list[dict[str, float]], what: str) -> list[float]:
        return [turn[what] for turn in turns]

    return (
        kind,
        f"{middle(turn['calls'] / turn['wall'] for turn in one):.0f}",
        f"{middle(turn['calls'] / turn['wall'] for turn in many):.0f}",
        f"{1 / ratio(of(many, 'wall'), of(one, 'wall')):.2f}",
        f"{1 / ratio(of(many, 'wall'), of(bare, 'wall')):.2f}",
        f"{ratio(of(many, 'cpu'), of(bare, 'cpu')):.2f}",
        f"{1000 * middle(of(many, 'p99')):.0f}",
        f"{100 * middle(each['share'] for each in waited):.1f} %" if waited else "",
    )


def _hottest(waited: dict[Kind, list[dict[str, Any]]]) -> Iterator[str]:
    """Say which locks were waited for longest."""
    for kind, rounds in waited.items():
        total: dict[str, float] = {}
        for each in rounds:
            for place, (_, seconds) in each["places"].items():
                total[place] = total.get(place, 0.0) + seconds
        longest = sorted(total.items(), key=lambda item: -item[1])[:_SHOWN]
        whole = sum(total.values())
        if whole:
            named = ", ".join(f"{place} {100 * seconds / whole:.0f} %" for place, seconds in longest)
            yield f" Longest waited for, {kind}: {named}."
