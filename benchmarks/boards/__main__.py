"""`python -m benchmarks.boards`: write the blocks, start a Prometheus on them, time every query of every board."""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.boards._queries import Query, queries
from benchmarks.boards._rules import intervals, rules
from benchmarks.boards._series import Series, raw, recorded
from heliograph.stack._build import binary, build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SECONDS = 1.0  # what the heaviest query of a board may take


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 when a board has a query that takes longer than a second."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.boards", description=__doc__)
    parser.add_argument("--series", type=int, default=100_000, help="raw series (default: %(default)s)")
    parser.add_argument("--instances", type=int, default=60, help="processes that export them (default: %(default)s)")
    parser.add_argument("--hours", type=int, default=24, help="how much of them (default: %(default)s)")
    parser.add_argument("--step", type=int, default=60, help="seconds between samples and points")
    parser.add_argument("--times", type=int, default=3, help="each query so often; the median counts")
    parser.add_argument("--rules", action="store_true", help="evaluate the rules once instead of asking the boards")
    parser.add_argument("--json", action="store_true", help="every query's seconds as JSON")
    options = parser.parse_args(argv)
    build(["prometheus", "write-blocks"])
    with tempfile.TemporaryDirectory(prefix="heliograph-boards-") as folder:
        end = int(time.time()) // options.step * options.step
        start = end - 3600 * options.hours
        counts = _write(Path(folder), options, start, end)
        with _prometheus(Path(folder)) as url:
            asked = rules() if options.rules else queries(range_seconds=end - start, step=options.step)
            seconds = {query: _time(url, query, start, end, options) for query in asked}
    if options.json:
        print(json.dumps([vars(query) | {"seconds": taken} for query, taken in seconds.items()], indent=2))
        return 0
    print(f"{counts[0]:,} series and {counts[1]:,} recorded ones, {options.hours} h, every {options.step} s\n")
    return _report_rules(seconds) if options.rules else _report_boards(seconds)


def _write(folder: Path, options: argparse.Namespace, start: int, end: int) -> tuple[int, int]:
    """Write the blocks; return how many series are raw and how many recorded."""
    applications = list(raw(options.series, options.instances))
    records = list(recorded(applications))
    command = [str(binary("write-blocks")), "-dir", str(folder), "-start", str(start), "-end", str(end)]
    writer = subprocess.Popen([*command, "-step", str(options.step)], stdin=subprocess.PIPE, text=True)
    assert writer.stdin is not None  # noqa: S101 - a pipe was asked for
    with writer.stdin as lines:
        lines.writelines(_line(one) for one in (*applications, *records))
    if writer.wait():
        raise SystemExit(writer.returncode)
    return len(applications), len(records)


def _line(series: Series) -> str:
    return json.dumps({"labels": series.labels, "from": series.start, "by": series.by}) + "\n"


@contextlib.contextmanager
def _prometheus(folder: Path) -> Iterator[str]:
    """Run the pinned Prometheus on the blocks in `folder`, without scraping or rules."""
    config = folder / "prometheus.yml"
    config.write_text("{}\n", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [str(binary("prometheus")), f"--config.file={config}", f"--storage.tsdb.path={folder}"]
    command += [f"--web.listen-address={address}", "--log.level=error"]
    # Compaction in the first minutes of a database that was written by others is not what is measured.
    command += ["--storage.tsdb.max-block-duration=2h"]
    server = subprocess.Popen([*command, "--enable-feature=exemplar-storage,st-storage,use-start-timestamps"])
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{address}/-/ready", timeout=5).close()
                break
            time.sleep(0.1)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait()


def _time(url: str, query: Query, start: int, end: int, options: argparse.Namespace) -> float:
    """Return the median of the seconds that the query takes."""
    when = {"start": start, "end": end, "step": options.step} if query.is_range else {"time": end}
    path = "query_range" if query.is_range else "query"
    body = urllib.parse.urlencode({"query": query.expr, **when}).encode()
    taken = []
    for _ in range(options.times):
        began = time.perf_counter()
        # S310: http, and built here.
        with urllib.request.urlopen(f"{url}/api/v1/{path}", body, timeout=120) as answer:  # noqa: S310
            answer.read()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _report_boards(seconds: dict[Query, float]) -> int:
    print("| board | queries | heaviest | seconds | all together |")
    print("|---|---|---|---|---|")
    for board, queries_of in _grouped(seconds).items():
        heaviest = max(queries_of, key=queries_of.__getitem__)
        taken = queries_of[heaviest]
        print(f"| {board} | {len(queries_of)} | {heaviest.panel} | {taken:.3f} | {sum(queries_of.values()):.2f} |")
    return int(max(seconds.values()) > _SECONDS)


def _report_rules(seconds: dict[Query, float]) -> int:
    """Print what each group takes of the time that it has; return 1 when all of them need more than one core."""
    print("| group | rules | heaviest | seconds | all together | every | of a core |")
    print("|---|---|---|---|---|---|---|")
    every = intervals()
    shares = {}
    for group, rules_of in _grouped(seconds).items():
        heaviest = max(rules_of, key=rules_of.__getitem__)
        total = sum(rules_of.values())
        shares[group] = total / every[group]
        print(
            f"| {group} | {len(rules_of)} | {heaviest.panel} | {rules_of[heaviest]:.3f} | {total:.3f} "
            f"| {every[group]} s | {shares[group]:.1%} |"
        )
    print(f"| all | {len(seconds)} | | | {sum(seconds.values()):.2f} | | {sum(shares.values()):.1%} |")
    return int(sum(shares.values()) > 1)


def _grouped(seconds: dict[Query, float]) -> dict[str, dict[Query, float]]:
    groups: dict[str, dict[Query, float]] = {}
    for query, taken in seconds.items():
        groups.setdefault(query.board, {})[query] = taken
    return groups


if __name__ == "__main__":
    sys.exit(main())
