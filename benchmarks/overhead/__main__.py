"""`python -m benchmarks.overhead`: what telemetry adds to a model call, beside what others add."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchmarks._machine import busy, machine
from benchmarks.overhead._contenders import BY_HAND, CONTENDERS, HELIOGRAPH
from benchmarks.overhead._field import FailedError, Sink, Worker, sink
from benchmarks.overhead._figures import KINDS, added
from benchmarks.overhead._page import PAGE, replaced
from benchmarks.overhead._table import Row, table, targets

if TYPE_CHECKING:
    from collections.abc import Sequence

_STREAMED = 4  # a streamed call takes several times as long as a chat call: so many fewer of them make a batch
_BUSY = 0.5  # processes that a core had to do for besides, from which on a figure says little


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 when a target does not hold, or we could not be measured."""
    options = _parser().parse_args(argv)
    before, started = busy(), time.monotonic()
    if before > _BUSY:
        _say(f"this machine is busy with other things ({before:.1f} processes to a core): figures will say little")
    with ExitStack() as stack:
        target = stack.enter_context(sink(options.contenders))
        field = _Field(stack, target, options.contenders)
        for number in range(options.rounds + 1):
            field.round(options.pairs, options.calls, counted=number > 0)
            _say(f"round {number} of {options.rounds} done after {time.monotonic() - started:.0f} s")
        received = target.received()
    rows = field.rows()
    where = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {machine()}; {before:.1f} processes to a core before"
    if options.json:
        said: dict[str, Any] = {"machine": where, "contenders": {name: asdict(row) for name, row in rows.items()}}
        print(json.dumps({**said, "turns": field.turns, "received": received}))
    else:
        print(_report(rows, where, options))
    if options.write:
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), _report(rows, where, options)), encoding="utf-8")
        _say(f"written into {PAGE}")
    needed = (rows[name] for name in (BY_HAND, HELIOGRAPH) if name in rows)
    return int(any(row.reason for row in needed) or not all(holds for holds, _ in targets(rows)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overhead",
        description="What telemetry adds to a model call on the caller's thread, and in CPU time of the process.",
        epilog=f"Contenders: {', '.join(CONTENDERS)}. Their environments are made first, once, from the registry. "
        "The status is 1 when heliograph costs more than it is to.",
    )
    parser.add_argument(
        "--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), metavar="NAME", help="only these"
    )
    parser.add_argument("--rounds", type=_positive, default=20, help="turns of each contender (default: %(default)s)")
    parser.add_argument("--pairs", type=_positive, default=6, help="pairs of batches in a turn (default: %(default)s)")
    parser.add_argument(
        "--calls", type=_positive, default=20, help="chat calls in a batch, a quarter when streamed (default: 20)"
    )
    parser.add_argument("--json", action="store_true", help="the figures and all that was measured, as JSON")
    parser.add_argument("--write", action="store_true", help="put the table into docs/overhead.md, too")
    return parser


class _Field:
    """All contenders: those that run, what they measured, and why others do not."""

    def __init__(self, stack: ExitStack, target: Sink, names: Sequence[str]) -> None:
        self._target = target
        self._reasons: dict[str, str] = {}
        self._workers: dict[str, Worker] = {}
        self._versions: dict[str, dict[str, str]] = {}
        self.turns: dict[str, dict[str, list[dict[str, Any]]]] = {name: {kind: [] for kind in KINDS} for name in names}
        for name in names:
            try:
                worker = stack.enter_context(Worker(CONTENDERS[name], target.ports[name]))
                self._workers[name], self._versions[name] = worker, worker.versions
                self._check_bare(worker)
            except FailedError as error:
                self._gives_up(name, error)

    def round(self, pairs: int, calls: int, *, counted: bool) -> None:
        """Ask each of them for a turn of each kind."""
        order = [(name, kind) for name in self._workers for kind in KINDS]
        random.shuffle(order)
        for name, kind in order:
            if name in self._reasons:
                continue
            size = calls if kind == "chat" else max(1, calls // _STREAMED)
            first = [random.random() < 0.5 for _ in range(pairs)]  # noqa: S311, PLR2004 - heads or tails
            try:
                turn = self._workers[name].turn(kind, size, first)
                if not counted:
                    self._check_sent(name)
            except FailedError as error:
                self._gives_up(name, error)
                continue
            if counted:
                self.turns[name][kind].append(turn)

    def rows(self) -> dict[str, Row]:
        """Sum it up."""
        return {
            name: Row(
                CONTENDERS[name].title,
                self._versions.get(name, {}),
                {} if name in self._reasons else {kind: added(turns[kind]) for kind in KINDS},
                self._reasons.get(name, ""),
            )
            for name, turns in self.turns.items()
        }

    def _check_bare(self, worker: Worker) -> None:
        """Make sure that what is measured as bare is: metrics apart, which are sent anyway, nothing comes of it."""
        name = worker.contender.name
        before = self._sent(name)
        for kind in KINDS:
            worker.turn(kind, 2, [])
        if self._sent(name) != before:
            raise FailedError(f"its instrumentation cannot be taken out for a while: {worker.patched}")

    def _check_sent(self, name: str) -> None:
        if CONTENDERS[name].sends and not self._sent(name):
            raise FailedError("nothing of it has arrived")

    def _sent(self, name: str) -> int:
        came = self._target.received()[name]
        return sum(count["requests"] for path, count in came.items() if not path.endswith("/metrics"))

    def _gives_up(self, name: str, error: FailedError) -> None:
        self._reasons[name] = str(error)
        _say(f"{name} is not measured: {error}")


def _report(rows: dict[str, Row], where: str, options: argparse.Namespace) -> str:
    measured = {name: row for name, row in rows.items() if not row.reason}
    bare = ", ".join(
        f"{min(row.added[kind].bare for row in measured.values()):.0f} to "
        f"{max(row.added[kind].bare for row in measured.values()):.0f} µs ({kind})"
        for kind in KINDS
        if measured
    )
    lines = [
        f"{where}.",
        f"{options.rounds} rounds of {options.pairs} pairs of {options.calls} calls; the bare call takes {bare}.",
        "Microseconds that are added to it: the rounds' median (and middle half), and the ratio to the span by hand.",
        "",
        table(rows),
        "",
        *(f"- {said}." for _, said in targets(rows)),
    ]
    return "\n".join(lines)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
