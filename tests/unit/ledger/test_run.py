"""Whole runs against a collector and stores in memory, in which one thing goes wrong."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from heliograph.errors import HeliographError
from heliograph.ledger import Moment, Plan, Result, Snapshot, again, run
from heliograph.stack._stores import StoreError

from ._double import Double, Reply

if TYPE_CHECKING:
    from pathlib import Path

PLAN = Plan(spans=200, logs=200, points=400, duration=0.5, senders=4, spans_per_trace=10, settle=1.0)


def _lost(result: Result) -> dict[str, int]:
    return {name: accounts.missing for name, accounts in result.signals.items()}


def test_nothing_goes_wrong(double: Double, tmp_path: Path) -> None:
    seen: list[Snapshot] = []
    result = run(PLAN, double.targets, tmp_path / "ledger", progress=seen.append)
    assert result.ok
    for name, count in {"spans": 100, "logs": 100, "points": 200}.items():
        accounts = result.signals[name]  # type: ignore[index]
        assert (accounts.planned, accounts.sent, accounts.acknowledged, accounts.stored) == (count,) * 4
        assert (accounts.duplicate, accounts.astray, accounts.refused, accounts.given_up) == (0, 0, 0, 0)
        assert accounts.visible is not None
        assert accounts.visible.max < 10.0
    assert {snapshot.phase for snapshot in seen} == {"send", "read"}
    assert seen[-1].stored == {"spans": 100, "logs": 100, "points": 200}
    assert "found: spans 100 of 100" in seen[-1].text()
    assert 0.4 < result.seconds < 20.0


@pytest.mark.parametrize(("path", "signal"), [("/v1/traces", "spans"), ("/v1/logs", "logs"), ("/v1/metrics", "points")])
def test_one_request_is_acknowledged_and_dropped(double: Double, tmp_path: Path, path: str, signal: str) -> None:
    double.answer = lambda asked, n: Reply(store=not (asked == path and n == 2))
    result = run(PLAN, double.targets, tmp_path / "ledger")
    batch = next(course.batch for course in PLAN.courses(result.run, 0) if course.signal == signal)
    assert _lost(result) == dict.fromkeys(["spans", "logs", "points"], 0) | {signal: batch}
    assert not result.ok
    (gap,) = result.signals[signal].gaps  # type: ignore[index]
    assert gap.last - gap.first + 1 == batch
    assert result.run in gap.name


def test_it_is_still_missing_when_it_is_verified_again_and_found_once_it_is_there(
    double: Double, tmp_path: Path
) -> None:
    double.answer = lambda path, n: Reply(store=(path, n) != ("/v1/logs", 1))
    first = run(PLAN, double.targets, tmp_path / "ledger")
    second = again(tmp_path / "ledger")
    assert _lost(first) == _lost(second) == {"spans": 0, "logs": 25, "points": 0}
    assert replace(second, settled=0, signals={}) == replace(first, settled=0, signals={})
    assert second.signals == first.signals
    (gap,) = first.signals["logs"].gaps
    course = next(c for c in PLAN.courses(first.run, first.started) if (c.signal, c.sender) == ("logs", gap.sender))
    double.lines += [
        (0.0, course.instance, course.time(n), f"run={first.run} sequence={n:010d}")
        for n in range(gap.first, gap.last + 1)
    ]
    assert again(tmp_path / "ledger").ok


def test_a_request_is_stored_twice_with_other_times(double: Double, tmp_path: Path) -> None:
    double.answer = lambda path, n: Reply(times=2 if (path, n) == ("/v1/logs", 1) else 1)
    result = run(PLAN, double.targets, tmp_path / "ledger")
    assert result.ok
    accounts = result.signals["logs"]
    assert (accounts.stored, accounts.duplicate, accounts.astray) == (100, 25, 25)
    assert len(accounts.copies) == 10


def test_an_answer_that_was_lost_makes_no_loss(double: Double, tmp_path: Path) -> None:
    """504, though it was stored: it is sent again. A store keeps the same record once, or twice as this one does."""
    double.answer = lambda path, n: Reply(504 if (path, n) == ("/v1/traces", 1) else 200)
    result = run(PLAN, double.targets, tmp_path / "ledger")
    accounts = result.signals["spans"]
    assert (accounts.acknowledged, accounts.stored, accounts.missing, accounts.duplicate) == (100, 100, 0, 25)
    assert accounts.retries == {"HTTP 504": 1}


def test_a_refusal_is_counted_and_is_no_loss(double: Double, tmp_path: Path) -> None:
    double.answer = lambda path, n: (
        Reply(400, store=False, message="no") if (path, n) == ("/v1/metrics", 0) else Reply()
    )
    result = run(PLAN, double.targets, tmp_path / "ledger")
    assert result.ok
    accounts = result.signals["points"]
    assert (accounts.sent, accounts.acknowledged, accounts.refused, accounts.stored) == (200, 150, 50, 150)
    assert accounts.refusals == {"HTTP 400 no": 50}


def test_records_that_show_late_are_waited_for(double: Double, tmp_path: Path) -> None:
    double.visible = 2.0
    result = run(replace(PLAN, settle=10.0), double.targets, tmp_path / "ledger")
    assert result.ok
    for accounts in result.signals.values():
        assert accounts.visible is not None
        assert 1.9 < accounts.visible.p50 < 12.0


def test_records_that_show_too_late_are_missing(double: Double, tmp_path: Path) -> None:
    double.visible = 60.0
    result = run(PLAN, double.targets, tmp_path / "ledger")
    assert _lost(result) == {"spans": 100, "logs": 100, "points": 200}
    assert result.signals["spans"].visible is None


def test_a_store_that_comes_back_is_waited_for(double: Double, tmp_path: Path) -> None:
    double.broken.add("loki")
    back = threading.Timer(3.0, double.broken.clear)
    back.start()
    assert run(replace(PLAN, settle=20.0), double.targets, tmp_path / "ledger").ok


def test_a_store_that_does_not_come_back_is_no_loss_but_an_error(double: Double, tmp_path: Path) -> None:
    double.broken.add("prometheus")
    with pytest.raises(StoreError, match="Prometheus refused") as error:
        run(PLAN, double.targets, tmp_path / "ledger")
    assert error.value.exit_code == 3
    double.broken.clear()
    assert again(tmp_path / "ledger").ok


def test_things_happen_when_they_should_and_failures_are_told(double: Double, tmp_path: Path) -> None:
    done: list[str] = []

    def fail() -> None:
        raise HeliographError("loki is not running.", why="no pid")

    moments = [Moment(0.6, "loki killed", fail), Moment(0.2, "noted", lambda: done.append("noted"))]
    result = run(PLAN, double.targets, tmp_path / "ledger", moments=moments)
    assert done == ["noted"]
    assert result.happened[0].startswith("at 0.2 s: noted")
    assert result.happened[1] == "at 0.6 s: loki killed: failed: loki is not running. no pid"


def test_a_run_that_is_stopped_heals_and_verifies_what_was_sent(double: Double, tmp_path: Path) -> None:
    stop = threading.Event()
    done: list[str] = []
    moments = [
        Moment(50, "broken", lambda: done.append("broken")),
        Moment(60, "healed", lambda: done.append("healed"), heals=True),
    ]
    threading.Timer(1.2, stop.set).start()
    result = run(replace(PLAN, duration=100), double.targets, tmp_path / "ledger", moments=moments, stop=stop)
    assert result.ok
    assert done == ["healed"]
    for accounts in result.signals.values():
        assert 0 < accounts.sent == accounts.stored < accounts.planned


def test_nothing_is_written_where_there_is_no_stack(double: Double, tmp_path: Path) -> None:
    targets = replace(double.targets, loki="http://127.0.0.1:1")
    with pytest.raises(HeliographError) as error:
        run(PLAN, targets, tmp_path / "ledger")
    assert error.value.exit_code == 3
    assert "Loki, http://127.0.0.1:1" in error.value.why
    assert "Jaeger" not in error.value.why
    assert not (tmp_path / "ledger").exists()
