"""`python -m benchmarks.overhead`."""

from __future__ import annotations

import argparse
import json
import random
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks.overhead._contenders import BY_HAND, CONTENDERS
from benchmarks.overhead._field import FailedError, Worker, sink
from benchmarks.overhead._figures import KINDS, added, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each contender (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=6, help="pairs of batches in a turn (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=20, help="chat calls in a batch; a quarter as many streamed ones")
    parser.add_argument("--json", action="store_true", help="everything that was measured, as JSON")
    options = parser.parse_args(argv)
    turns: dict[str, dict[str, list[dict[str, Any]]]] = {}
    with ExitStack() as stack:
        target = stack.enter_context(sink(options.contenders))
        workers = {}
        for name in options.contenders:
            try:
                workers[name] = stack.enter_context(Worker(CONTENDERS[name], target.ports[name]))
            except FailedError as error:
                print(f"{name}: {error}", file=sys.stderr)
        turns = {name: {kind: [] for kind in KINDS} for name in workers}
        for _ in range(options.rounds):
            order = [(name, kind) for name in workers for kind in KINDS]
            random.shuffle(order)
            for name, kind in order:
                calls = options.calls if kind == "chat" else max(1, options.calls // 4)
                first = [random.random() < 0.5 for _ in range(options.pairs)]
                turns[name][kind].append(workers[name].turn(kind, calls, first))
        received = target.received()
    if options.json:
        print(json.dumps({"turns": turns, "received": received}))
        return 0
    for kind in KINDS:
        yard = None
        for name, each in turns.items():
            said = added(each[kind])
            if name == BY_HAND:
                yard = said
            print(
                kind,
                name,
                said,
                ratio(said.wall, yard.wall if yard else None),
                ratio(said.thread, yard.thread if yard else None),
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
