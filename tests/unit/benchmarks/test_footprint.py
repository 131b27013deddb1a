"""What the footprint's figures are made with: slopes, ratios, the page, the waits for locks."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.footprint import _down, _import, _memory, _page
from benchmarks.footprint.__main__ import _PARTS, _Part, main
from benchmarks.footprint._processes import environment
from benchmarks.footprint._table import Table, ratio

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks._progress import Progress

TABLE = Table("What?", ("", "figure"), [("one", "1")], "How.")

WAITING = """
from benchmarks.footprint import _locks
_locks.watch()
import threading, time
from heliograph.genai._line import MeteringLine
line = MeteringLine(longest=LONGEST)
threads = [threading.Thread(target=lambda: [line.submit(time.sleep, 0.001) for _ in range(10)]) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(any(place.startswith("heliograph.genai._line") for place in _locks.waits()))
"""


def measured(part: str, done: list[str]) -> Callable[[int, int, argparse.Namespace, Progress], Table]:
    """Take down what a part is asked for, and measure nothing."""

    def measure(rounds: int, calls: int, _: argparse.Namespace, __: Progress) -> Table:
        done.append(f"{part}: {rounds} rounds of {calls}")
        return TABLE

    return measure


@pytest.mark.parametrize(
    ("values", "slope"), [([5, 5, 5, 5], 0), ([0, 10, 20, 30], 10), ([0, 100, 0, 100, 0], 0), ([3, 1], -2)]
)
def test_a_slope_is_the_growth_from_one_round_to_the_next(values: Sequence[float], slope: float) -> None:
    assert _memory._slope(values) == pytest.approx(slope)


def test_a_ratio_is_taken_within_each_round() -> None:
    assert ratio([2.0, 20.0, 200.0], [1.0, 10.0, 100.0]) == 2.0


@pytest.mark.parametrize(
    ("name", "times", "verdict"),
    [
        ("`import heliograph`", 1.29, "within 1.3"),
        ("`import heliograph`", 1.3, "OVER 1.3"),
        ("`heliograph.configure()` called", 3.0, ""),
        ("`import openai`, for scale", 3.0, ""),
    ],
)
def test_an_import_of_ours_is_measured_against_what_it_may_take(name: str, times: float, verdict: str) -> None:
    assert _import._verdict(name, times) == verdict
    assert name in _import._CASES


def test_a_dead_collectors_price_is_told_as_medians_and_ratios_within_the_round() -> None:
    bare = [{"calls": 100, "wall": wall, "p50": 1e-3, "p99": 2e-3, "cpu": 0.5} for wall in (1.0, 2.0, 4.0)]
    ours = [{"calls": 100, "wall": wall, "p50": 2e-3, "p99": 3e-3, "cpu": 0.6} for wall in (1.25, 2.5, 5.0)]
    row = _down._row("heliograph", ours, bare, [1.0, -0.25])
    assert row == ("heliograph", "40", "0.80", "2000", "2.00", "3000", "1.50", "1.20", "+1.0", "-0.2")


def test_what_a_dead_collector_fills_is_measured_over_twice_as_many_calls() -> None:
    calls, sizes = [], iter([100, 103, 104])

    def ask(do: str, **asked: Any) -> Any:
        if do == "memory":
            return {"rss": next(sizes) << 20}
        calls.append(asked["calls"])
        return {}

    grown: Any = _down._filled(ask, 2_500, "heliograph", lambda _: None)  # type: ignore[arg-type] # a worker's part
    assert grown == [12.0, 4.0], "MiB per 10 000 calls"
    assert calls == [1000, 1000, 500] * 2


def test_a_table_goes_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    others = "<!-- begin memory -->\nmeasured yesterday\n<!-- end memory -->\n"
    page.write_text(f"before\n<!-- begin import -->\nold\n<!-- end import -->\nafter\n{others}")
    for _ in range(2):
        _page.write("import", TABLE, ["--rounds", "3"], before=0.25, page=page)
    text = page.read_text()
    assert text.startswith(
        "before\n<!-- begin import -->\n**What?**\n\n|  | figure |\n|---|---:|\n| one | 1 |\n\nHow.\n"
    )
    assert text.endswith(f"<!-- end import -->\nafter\n{others}")
    assert "old" not in text
    assert text.count("`python -m benchmarks.footprint import --rounds 3`, 20") == 1
    assert "0.2 processes to a core before." in text


def test_a_page_without_the_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(SystemExit, match="no place for the part import"):
        _page.write("import", TABLE, page=page)
    assert page.read_text() == "nothing"


def test_a_part_is_written_before_the_next_one_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    for part in ("memory", "down"):
        monkeypatch.setitem(_PARTS, part, _Part(3, 10, measured(part, done)))
    monkeypatch.setattr(
        _page, "write", lambda part, table, options, **_: done.append(f"{part} {options} {table.title}")
    )
    assert main(["down", "memory", "--write", "--json", "--fill", "7"]) == 0
    assert done == [
        "down: 3 rounds of 10",
        "down ['--fill', '7'] What?",
        "memory: 3 rounds of 10",
        "memory ['--fill', '7'] What?",
    ]


@pytest.mark.parametrize(
    ("options", "rounds"), [([], 3), (["--long"], 12), (["--rounds", "2"], 2), (["--long", "--rounds", "2"], 2)]
)
def test_the_long_form_has_more_rounds(options: list[str], rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setitem(_PARTS, "memory", _Part(3, 10, measured("memory", done)))
    main(["memory", *options])
    assert done == [f"memory: {rounds} rounds of 10"]


def test_the_page_has_a_place_for_every_part() -> None:
    assert list(_PARTS) == ["import", "memory", "down", "threads", "asyncio"]
    _page.check(_PARTS)


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["imports"])
    assert "no such part: imports" in capsys.readouterr().err


@pytest.mark.parametrize(("longest", "waits"), [(2, "True"), (4096, "False")])
def test_waits_for_room_on_the_line_are_told(longest: int, waits: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WAITING.replace("LONGEST", str(longest))],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == waits
