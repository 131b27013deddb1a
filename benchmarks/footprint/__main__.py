"""`python -m benchmarks.footprint`: import time, memory, a dead collector, 32 threads, a thousand calls on a loop."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks._machine import busy
from benchmarks._progress import Progress
from benchmarks.footprint import _down, _import, _loop, _memory, _page, _threads
from benchmarks.footprint._calls import WORKS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.footprint._table import Table


@dataclass(frozen=True, slots=True)
class _Part:
    """What is measured; in how many rounds, of how many calls each, where nothing else is asked for."""

    rounds: int
    calls: int
    measure: Callable[[int, int, argparse.Namespace, Progress], Table]


_PARTS: Final[dict[str, _Part]] = {
    "import": _Part(15, 0, lambda rounds, _, __, say: _import.imports(rounds, say)),
    "memory": _Part(
        5,
        2000,
        lambda rounds, calls, chosen, say: _memory.memory(
            rounds, calls, chosen.warm, chosen.work or WORKS, say, where=chosen.where
        ),
    ),
    "down": _Part(15, 200, lambda rounds, calls, chosen, say: _down.down(rounds, calls, chosen.fill, say)),
    "threads": _Part(7, 960, lambda rounds, calls, _, say: _threads.threads(rounds, calls, say)),
    "asyncio": _Part(5, 1000, lambda rounds, calls, chosen, say: _loop.loop(rounds, calls, chosen.over, say)),
}
_LONGER: Final = 4
_SIZES: Final = ("rounds", "calls")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    given = sys.argv[1:] if argv is None else argv
    parser = _parser()
    chosen = parser.parse_args(given)
    if unknown := [part for part in chosen.parts if part not in _PARTS]:
        parser.error(f"no such part: {', '.join(unknown)} (there are {', '.join(_PARTS)})")
    parts = list(dict.fromkeys(chosen.parts)) or list(_PARTS)
    if chosen.write:
        _page.check(parts)
    options = [each for each in given if each not in {*_PARTS, "--write", "--json"}]
    found = {}
    with Progress() as say:
        for part in parts:
            before, began = busy(), time.monotonic()
            found[part] = table = _measure(part, chosen, say)
            if chosen.write:  # now: what comes next may fail or be interrupted
                _page.write(part, table, options, before=before)
            where = f", written into {_page.PAGE}" if chosen.write else ""
            say.note(f"{part}: done after {time.monotonic() - began:.0f} s{where}")
            if not chosen.json:
                print(table.text(), end="\n\n", flush=True)
    if chosen.json:
        print(json.dumps({part: table.raw for part, table in found.items()}, indent=2))
    return 0


def _measure(name: str, chosen: argparse.Namespace, say: Progress) -> Table:
    part = _PARTS[name]
    rounds = chosen.rounds or part.rounds * (_LONGER if chosen.long else 1)
    return part.measure(rounds, chosen.calls or part.calls, chosen, say)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.footprint",
        description=__doc__,
        epilog="Collectors and providers run inside the benchmark; nothing leaves the machine.",
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(_PARTS)} (default: all of them)"
    )
    defaults = {what: ", ".join(f"{name} {getattr(part, what)}" for name, part in _PARTS.items()) for what in _SIZES}
    parser.add_argument("--rounds", type=int, help=f"turns of each process (default: {defaults['rounds']})")
    parser.add_argument("--calls", type=int, help=f"calls in a turn (default: {defaults['calls']})")
    parser.add_argument("--long", action="store_true", help=f"{_LONGER} times the rounds, where --rounds is not given")
    parser.add_argument(
        "--warm", type=int, default=9000, help="memory: calls before the first round (default: %(default)s)"
    )
    parser.add_argument("--work", action="append", choices=WORKS, help="memory: only these calls; may be repeated")
    parser.add_argument(
        "--where",
        action="store_true",
        help="memory: once more, with allocations traced (ten times as slow); --json has the lines that grew most",
    )
    parser.add_argument(
        "--fill",
        type=int,
        default=10_000,
        help="down: calls that fill the queues, and as many again (default: %(default)s)",
    )
    parser.add_argument(
        "--over", type=float, default=5.0, help="asyncio: seconds in which calls begin (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="everything that was measured, as JSON")
    parser.add_argument(
        "--write", action="store_true", help="put each table into docs/footprint.md as soon as it is measured"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
