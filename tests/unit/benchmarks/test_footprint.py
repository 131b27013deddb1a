"""What the footprint's figures are made with: slopes, ratios, the page, the waits for locks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.footprint import _memory, _page
from benchmarks.footprint.__main__ import main
from benchmarks.footprint._processes import environment
from benchmarks.footprint._table import Table, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@pytest.mark.parametrize(
    ("values", "slope"), [([5, 5, 5, 5], 0), ([0, 10, 20, 30], 10), ([0, 100, 0, 100, 0], 0), ([3, 1], -2)]
)
def test_a_slope_is_the_growth_from_one_round_to_the_next(values: Sequence[float], slope: float) -> None:
    assert _memory._slope(values) == pytest.approx(slope)


def test_a_ratio_is_taken_within_each_round() -> None:
    assert ratio([2.0, 20.0, 200.0], [1.0, 10.0, 100.0]) == 2.0


def test_a_table_goes_between_its_markers_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin import -->\nold\n<!-- end import -->\nafter\n")
    monkeypatch.setattr(_page, "_PAGE", page)
    for _ in range(2):
        _page.write({"import": TABLE})
    text = page.read_text()
    assert text.startswith(
        "before\n<!-- begin import -->\n**What?**\n\n|  | figure |\n|---|---:|\n| one | 1 |\n\nHow.\n"
    )
    assert text.endswith("<!-- end import -->\nafter\n")
    assert "old" not in text
    assert text.count("python -m benchmarks.footprint import") == 1


def test_a_page_without_the_markers_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    monkeypatch.setattr(_page, "_PAGE", page)
    with pytest.raises(SystemExit, match="no place for the part import"):
        _page.write({"import": TABLE})
    assert page.read_text() == "nothing"


def test_the_page_has_a_place_for_every_part() -> None:
    page = (Path(__file__).parents[3] / "docs" / "footprint.md").read_text()
    for part in ("import", "memory", "down", "threads", "asyncio"):
        assert f"<!-- begin {part} -->" in page
        assert f"<!-- end {part} -->" in page


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
