"""`python -m benchmarks.footprint`: import time, memory, a dead collector, 32 threads, a thousand calls on a loop."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Final

from benchmarks.footprint import _down, _import, _loop, _memory, _page, _threads
from benchmarks.footprint._calls import WORKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.footprint._table import Table

_PARTS: Final[Mapping[str, Callable[[argparse.Namespace, Callable[[str], None]], Table]]] = {
    "import": lambda chosen, say: _import.imports(chosen.rounds or 15, say),
    "memory": lambda chosen, say: _memory.memory(
        chosen.rounds or 4, chosen.calls or 2000, chosen.warm, chosen.work, say, where=chosen.where
    ),
    "down": lambda chosen, say: _down.down(chosen.rounds or 15, chosen.calls or 200, chosen.fill, say),
    "threads": lambda chosen, say: _threads.threads(chosen.rounds or 7, chosen.calls or 960, say),
    "asyncio": lambda chosen, say: _loop.loop(chosen.rounds or 5, chosen.calls or 1000, chosen.over, say),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.footprint",
        description=__doc__,
        epilog="Collectors and providers run inside the benchmark; nothing leaves the machine.",
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(_PARTS)} (default: all of them)"
    )
    parser.add_argument("--rounds", type=int, help="turns of each process (default: 15, 4, 15, 7, 5, by part)")
    parser.add_argument("--calls", type=int, help="calls in a turn (default: none, 2000, 200, 960, 1000, by part)")
    parser.add_argument(
        "--warm", type=int, default=9000, help="memory: calls before the first round (default: %(default)s)"
    )
    parser.add_argument("--work", action="append", choices=WORKS, help="memory: only these calls; may be repeated")
    parser.add_argument("--where", action="store_true", help="memory: with --json, the lines whose memory grew most")
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
    parser.add_argument("--write", action="store_true", help="put the tables into docs/footprint.md")
    chosen = parser.parse_args(argv)
    if unknown := [part for part in chosen.parts if part not in _PARTS]:
        parser.error(f"no such part: {', '.join(unknown)} (there are {', '.join(_PARTS)})")
    found = {}
    for part in chosen.parts or _PARTS:
        found[part] = _PARTS[part](chosen, _say)
        if not chosen.json:
            print(found[part].text(), end="\n\n", flush=True)
    if chosen.json:
        print(json.dumps({part: table.raw for part, table in found.items()}, indent=2))
    if chosen.write:
        given = sys.argv[1:] if argv is None else argv
        _page.write(found, [each for each in given if each not in {*_PARTS, "--write", "--json"}])
    return 0


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
