"""`python -m benchmarks.first_hop`: bursts of work in processes that differ in their telemetry only, in turns."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._sinks import DOWN, collector, hole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WORKER = Path(__file__).with_name("_worker.py")
_REST = 0.3  # seconds, in which a process delivers what it has before the next one's turn


@dataclass(frozen=True)
class Variant:
    """A process: the plain SDK or ours, what its collector does, and whether it has a spool."""

    kind: str
    collector: str
    spooled: bool = False

    def __str__(self) -> str:
        return f"{self.kind}, collector {self.collector}{', spool' if self.spooled else ''}"


_PLAIN = Variant("plain", "up")
_VARIANTS = [
    _PLAIN,
    Variant("plain", "down"),
    Variant("plain", "hanging"),
    *(Variant("ours", collector, spooled) for collector in ("up", "down", "hanging") for spooled in (False, True)),
]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_hop", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="turns of each process (default: %(default)s)")
    parser.add_argument("--pieces", type=int, default=200, help="spans and log lines in a turn (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="every round's medians and 99th percentiles as JSON")
    options = parser.parse_args(argv)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-first-hop-"))
        addresses = {
            "up": stack.enter_context(collector()),
            "hanging": stack.enter_context(hole()),
            "down": DOWN,
        }
        workers = {
            variant: stack.enter_context(_worker(variant, addresses[variant.collector], Path(folder)))
            for variant in _VARIANTS
        }
        rounds = [
            {variant: _turn(worker, options.pieces) for variant, worker in workers.items()}
            for _ in range(options.rounds + 1)
        ][1:]  # the first one imports and connects
    if options.json:
        print(json.dumps([{str(variant): said for variant, said in each.items()} for each in rounds]))
    else:
        _report(rounds)
    return 0


def _report(rounds: list[dict[Variant, dict[str, float]]]) -> None:
    print(f"{len(rounds)} rounds. Microseconds of the caller; ratio to the plain SDK (collector up) of the same round.")
    for what in ("span", "log"):
        print(f"\n{what:38s} {'median':>8s} {'p99':>8s}   {'ratio':>6s}  (middle half)")
        for variant in _VARIANTS:
            ratios = sorted(each[variant][what] / each[_PLAIN][what] for each in rounds)
            low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
            median = statistics.median(each[variant][what] for each in rounds)
            tail = statistics.median(each[variant][f"{what}_p99"] for each in rounds)
            print(f"{variant!s:38s} {median:8.1f} {tail:8.1f}   {middle:6.2f}  ({low:.2f} - {high:.2f})")


def _turn(worker: subprocess.Popen[str], pieces: int) -> dict[str, float]:
    assert worker.stdin is not None  # noqa: S101 - for the type
    assert worker.stdout is not None  # noqa: S101
    print(pieces, file=worker.stdin, flush=True)
    said: dict[str, list[float]] = json.loads(worker.stdout.readline())
    time.sleep(_REST)
    return {
        name: value
        for what, times in said.items()
        for name, value in ((what, times[len(times) // 2]), (f"{what}_p99", times[int(len(times) * 0.99)]))
    }


@contextlib.contextmanager
def _worker(variant: Variant, address: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "HELIOGRAPH_"))}
    if variant.spooled:
        environment["HELIOGRAPH_SPOOL"] = str(folder / variant.collector)
    process = subprocess.Popen(
        [sys.executable, str(_WORKER), variant.kind, address],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    sys.exit(main())
