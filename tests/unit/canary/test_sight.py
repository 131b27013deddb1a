"""Following a call: what is seen, what is missing and why, with stores that are late, wrong, slow or silent."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.canary import _sight
from heliograph.canary._call import Call
from heliograph.canary._sight import Sighting, follow, looks
from heliograph.stack._stores import Jaeger, Loki, Prometheus, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

THERE = ""
CALL = Call("ab" * 16, time.time())


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sight, "_TURN", 0.01)


def _raising(error: Exception) -> Callable[[Call], str]:
    def look(_: Call) -> str:
        raise error

    return look


def _after(turns: int) -> Callable[[Call], str]:
    asked: list[Call] = []

    def look(call: Call) -> str:
        asked.append(call)
        return THERE if len(asked) > turns else "not yet"

    return look


def _seen(look: Callable[[Call], str], within: float = 0.1) -> Sighting:
    (one,) = follow(Call("ab" * 16, time.time()), {"logs": look}, within=within)
    return one


def test_what_is_there_has_a_time() -> None:
    one = _seen(lambda _: THERE)
    assert one.seconds is not None
    assert 0 <= one.seconds < 5
    assert one.why == ""


def test_what_comes_late_is_waited_for() -> None:
    assert _seen(_after(3), within=30).seconds is not None


@pytest.mark.parametrize(
    ("look", "why"),
    [
        (lambda _: "does not know it", "does not know it"),
        (_raising(StoreError("Loki does not answer", why="refused")), "Loki does not answer (refused)"),
        (_raising(KeyError("data")), "KeyError: 'data'"),
    ],
)
def test_what_is_missing_has_a_reason(look: Callable[[Call], str], why: str) -> None:
    one = _seen(look)
    assert (one.seconds, one.why) == (None, why)


def test_it_looks_once_more_at_the_very_end() -> None:
    """A store that takes as long for an answer as there is time must not be asked only before the deadline."""
    asked = []

    def slow(call: Call) -> str:
        asked.append(call)
        time.sleep(0.05)
        return THERE if len(asked) > 1 else "not yet"

    assert _seen(slow, within=0.06).seconds is not None


def test_a_store_that_hangs_makes_no_other_look_slow() -> None:
    release = threading.Event()

    def hangs(_: Call) -> str:
        release.wait(10)
        return "no answer"

    told: list[Sighting] = []

    def tell(one: Sighting) -> None:
        told.append(one)
        release.set()  # only once the others are told

    found = follow(CALL, {"logs": hangs, "traces": lambda _: THERE}, within=0.1, seen=tell)
    assert [one.signal for one in told] == ["traces", "logs"]
    assert [(one.signal, one.seconds is not None) for one in found] == [("logs", False), ("traces", True)]


def test_the_end_is_not_waited_for() -> None:
    stop = threading.Event()
    stop.set()
    started = time.monotonic()
    follow(CALL, {"logs": lambda _: "not there"}, within=60, stop=stop)
    assert time.monotonic() - started < 10


# -- What counts as there ----------------------------------------------------------------------------------------------


class _Stores:
    """Stands in for the three stores: what each would answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spans: list[Any] = []
        self.exemplars: list[dict[str, Any]] = []
        self.newest: float | None = None
        self.lines: list[Any] = []
        monkeypatch.setattr(Jaeger, "trace", lambda _, __: self.spans)
        monkeypatch.setattr(Prometheus, "exemplars", lambda _, __, **___: self.exemplars)
        monkeypatch.setattr(Prometheus, "number", lambda _, __: self.newest)
        monkeypatch.setattr(Loki, "lines", lambda _, __, **___: self.lines)
        self.looks = looks("http://p", "http://l", "http://j")


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> _Stores:
    return _Stores(monkeypatch)


def test_nothing_is_there_before_it_is(stores: _Stores) -> None:
    assert all(look(CALL) for look in stores.looks.values())


def test_a_trace_a_line_and_an_exemplar_are_there(stores: _Stores) -> None:
    stores.spans, stores.lines = [object()], [object()]
    stores.exemplars = [{"labels": {"trace_id": CALL.trace_id, "span_id": "1"}}]
    assert {signal: look(CALL) for signal, look in stores.looks.items()} == dict.fromkeys(stores.looks, "")


def test_another_calls_exemplar_is_none(stores: _Stores) -> None:
    stores.exemplars = [{"labels": {"trace_id": "cd" * 16}}]
    assert "no newer value" in stores.looks["metrics"](CALL)


@pytest.mark.parametrize(("newest", "why"), [(-5.0, "no newer value"), (5.0, "no exemplar links it")])
def test_a_counter_without_an_exemplar_is_told_apart(stores: _Stores, newest: float, why: str) -> None:
    stores.newest = CALL.made + newest
    assert why in stores.looks["metrics"](CALL)
