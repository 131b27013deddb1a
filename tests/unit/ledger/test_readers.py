"""The readers: against answers recorded from the real servers, and against pages, limits and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.ledger import Plan
from heliograph.ledger._http import Answer
from heliograph.ledger._jaeger import JaegerReader
from heliograph.ledger._loki import LokiReader
from heliograph.ledger._prometheus import PrometheusReader
from heliograph.ledger._reader import Store
from heliograph.ledger._records import Requests
from heliograph.stack._stores import StoreError

if TYPE_CHECKING:
    from heliograph.ledger._plan import Course, Signal

    from ._double import Double

RECORDED = Path(__file__).parent / "recorded"
# What was sent when they were recorded.
PLAN = Plan(spans=4, logs=4, points=4, duration=1, senders=1, series=2, spans_per_trace=4, padding=0)
RUN, STARTED = "bd73e4bef2bb8f3d", 1795269444.9487293


def _course(signal: Signal, plan: Plan = PLAN, run: str = RUN) -> Course:
    return next(course for course in plan.courses(run, STARTED) if course.signal == signal)


def _answers(monkeypatch: pytest.MonkeyPatch, status: int, body: bytes) -> list[dict[str, str]]:
    asked: list[dict[str, str]] = []

    def ask(self: Store, path: str, params: dict[str, str]) -> Answer:
        del self
        asked.append({"path": path, **params})
        return Answer(status, body, "application/json", "")

    monkeypatch.setattr(Store, "ask", ask)
    return asked


READERS: dict[Signal, Any] = {"spans": JaegerReader, "logs": LokiReader, "points": PrometheusReader}
FILES: dict[Signal, str] = {"spans": "jaeger", "logs": "loki", "points": "prometheus"}


@pytest.mark.parametrize("signal", READERS)
def test_a_recorded_answer(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, 200, (RECORDED / f"{FILES[signal]}.json").read_bytes())
    found = READERS[signal]("http://x").read(_course(signal), 0, 4)
    assert sorted(found.numbers) == [0, 1, 2, 3]
    assert found.astray == []


@pytest.mark.parametrize("signal", READERS)
def test_a_record_that_is_there_twice_and_one_that_is_not(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.loads((RECORDED / f"{FILES[signal]}.json").read_text())
    match signal:
        case "spans":
            spans = data["data"][0]["spans"]
            spans[3] = spans[2]
        case "logs":
            first, second = (stream["values"] for stream in data["data"]["result"])
            second[1] = second[0]
            del first
        case "points":
            one, two = (series["values"] for series in data["data"]["result"])
            two[1] = [two[1][0], one[1][1]]
    _answers(monkeypatch, 200, json.dumps(data).encode())
    found = READERS[signal]("http://x").read(_course(signal), 0, 4)
    assert sorted(found.numbers) == [0, 1, 2, 2]


@pytest.mark.parametrize("signal", READERS)
def test_a_record_with_another_time_is_astray(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.loads((RECORDED / f"{FILES[signal]}.json").read_text())
    match signal:
        case "spans":
            data["data"][0]["spans"][1]["startTime"] += 1
        case "logs":
            values = data["data"]["result"][0]["values"]
            values[1][0] = str(int(values[1][0]) + 1)
        case "points":
            data["data"]["result"][1]["values"][0][0] += 0.001
    _answers(monkeypatch, 200, json.dumps(data).encode())
    found = READERS[signal]("http://x").read(_course(signal), 0, 4)
    assert sorted(found.numbers) == [0, 1, 2, 3]
    assert len(found.astray) == 1


@pytest.mark.parametrize("signal", READERS)
def test_records_of_others_are_not_counted(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another sender's spans under the same trace, another run's lines; values that are no number of ours."""
    data = json.loads((RECORDED / f"{FILES[signal]}.json").read_text())
    match signal:
        case "spans":
            data["data"][0]["spans"][0]["spanID"] = "0001000000000001"
        case "logs":
            values = data["data"]["result"][0]["values"]
            values[0][1] = values[0][1].replace(RUN, "ffffffffffffffff")
        case "points":
            data["data"]["result"][0]["values"][0][1] = "99"
    _answers(monkeypatch, 200, json.dumps(data).encode())
    assert len(READERS[signal]("http://x").read(_course(signal), 0, 4).numbers) == 3


def test_a_trace_that_jaeger_does_not_know_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    said = b'{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}'
    asked = _answers(monkeypatch, 404, said)
    assert JaegerReader("http://x").read(_course("spans"), 0, 4).numbers == []
    assert asked == [{"path": f"/api/traces/{RUN}0000000000000000", "raw": "true"}]


@pytest.mark.parametrize("signal", READERS)
def test_a_refusal_is_an_error_and_never_an_empty_answer(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, 500, b"no room")
    with pytest.raises(StoreError) as error:
        READERS[signal]("http://x").read(_course(signal), 0, 4)
    assert "no room" in error.value.why
    assert error.value.exit_code == 3


@pytest.mark.parametrize("signal", READERS)
def test_what_is_no_json_is_an_error(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, 200, b"<html>")
    with pytest.raises(StoreError, match="no JSON"):
        READERS[signal]("http://x").read(_course(signal), 0, 4)


def test_prometheus_is_asked_for_a_stretch_that_is_open_on_the_left(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answers(monkeypatch, 200, b'{"data":{"result":[]}}')
    PrometheusReader("http://x").read(_course("points"), 0, 4)
    (question,) = asked
    assert question["query"].endswith('{job="heliograph-ledger",instance="bd73e4bef2bb8f3d-0"}[501ms]')
    assert question["time"] == "1795269445.448"


LOGS = Plan(spans=0, logs=100, points=0, duration=3, senders=1)


def _store(double: Double, course: Course, *, copies: int = 1) -> None:
    double.take("/v1/logs", Requests(course, 0).request(0, course.count))
    double.lines *= copies


def test_loki_is_read_page_by_page(double: Double) -> None:
    course = _course("logs", LOGS)
    _store(double, course)
    found = LokiReader(double.url, limit=7).read(course, 0, course.count)
    assert sorted(found.numbers) == list(range(course.count))


def test_no_copy_is_lost_between_two_pages(double: Double) -> None:
    """Two lines of the same nanosecond may stand on both sides of a page's end."""
    course = _course("logs", LOGS)
    _store(double, course, copies=2)
    for limit in (5, 6):
        found = LokiReader(double.url, limit=limit).read(course, 0, course.count)
        assert len(found.numbers) == 2 * course.count


def test_a_page_of_a_single_moment_is_an_error_and_no_endless_loop(double: Double) -> None:
    course = _course("logs", LOGS)
    _store(double, course, copies=5)
    with pytest.raises(StoreError, match="of one nanosecond"):
        LokiReader(double.url, limit=4).read(course, 0, course.count)


def test_a_loki_that_allows_fewer_lines_is_asked_for_fewer(double: Double) -> None:
    course = _course("logs", LOGS)
    _store(double, course)
    double.loki_limit = 200
    assert len(LokiReader(double.url).read(course, 0, course.count).numbers) == course.count


@pytest.mark.parametrize("signal", READERS)
def test_one_record_is_shown_or_not(signal: Signal, double: Double) -> None:
    plan = Plan(spans=10, logs=10, points=10, duration=1, senders=1, series=2)
    course = _course(signal, plan)
    paths: dict[Signal, str] = {"spans": "/v1/traces", "logs": "/v1/logs", "points": "/v1/metrics"}
    double.take(paths[signal], Requests(course, 0).request(0, 5))
    reader = READERS[signal](double.url)
    assert [number for number in range(10) if reader.shows(course, number)] == [0, 1, 2, 3, 4]
    reader.close()
