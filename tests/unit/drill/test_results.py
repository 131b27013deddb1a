"""What a drill keeps and shows: notes for the next start, the table, JSON, Markdown."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from heliograph.demo._alerts import AlertStory
from heliograph.drill._faults import read_drill
from heliograph.drill._judge import Finding, Seen, Verdict
from heliograph.drill._memory import note, recall
from heliograph.drill._page import as_json, show
from heliograph.drill._report import markdown
from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from pathlib import Path

TOLD = AlertStory(
    "ServiceDown",
    "critical",
    100.0,
    "loki",
    true=105.0,
    hold=10.0,
    firing=116.0,
    ended=170.0,
    arrived={"inbox": 126.0, "sms-critical": 128.0},
    over={"inbox": 181.0, "sms-critical": 182.0},
)
HELD = AlertStory("RulesFailing", "critical", 100.0, "loki", true=110.0, firing=120.0)
GOOD = Verdict(
    "loki-down", "Loki is down.", ["ServiceDown critical loki"], Seen(100.0, [TOLD, HELD], 160.0, 185.0), [], 13.0
)
BAD = Verdict("calm", "Nothing is broken.", [], Seen(0.0, []), [Finding("false alarm", "Watch critical (fired)")])
DRILL = read_drill()


def test_what_was_noted_is_recalled(tmp_path: Path) -> None:
    path = tmp_path / "state" / "results.jsonl"
    assert recall(path) == []
    for verdict in (GOOD, BAD):
        note(path, verdict)
    assert recall(path) == [GOOD, BAD]


def test_notes_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"name": "x"}\n')
    with pytest.raises(HeliographError, match="cannot be read"):
        recall(path)


def test_the_table_tells_times_and_findings() -> None:
    console = Console(file=io.StringIO(), width=160)
    show([GOOD, BAD], DRILL, console)
    page = console.file.getvalue()  # type: ignore[attr-defined]
    row = next(line for line in page.splitlines() if "loki-down" in line)
    assert row.split() == ["✓", "loki-down", "ServiceDown", "loki", "critical", "5", "15", "16", "26", "28", "13", "22"]
    assert "✗ calm" in page
    assert "false alarm: Watch critical (fired)" in page
    assert "1 of 2 as expected; the slowest message came 13 s after it was due (at most 60 s)" in page


def test_the_report_has_a_row_for_each_alert_and_says_what_was_held_back() -> None:
    report = markdown([GOOD, BAD], DRILL)
    assert (
        "| ✓ loki-down | ServiceDown loki | critical | 5 | 15 | 16 | 26 | 28 | 13 | 22 | inbox, sms-critical |"
        in report
    )
    assert "- calm: false alarm: Watch critical (fired)" in report
    assert "- loki-down: RulesFailing critical" in report


def test_the_json_holds_everything() -> None:
    data = json.loads(json.dumps(as_json([GOOD, BAD])))
    assert [fault["ok"] for fault in data["faults"]] == [True, False]
    told, held = data["faults"][0]["alerts"]
    assert told["arrived"] == TOLD.arrived
    assert told["due"] == 115.0
    assert held["arrived"] == {}
    assert data["faults"][1]["findings"] == [{"kind": "false alarm", "text": "Watch critical (fired)"}]
