"""The service: a call at every turn, results that can be scraped, and a word when something goes missing."""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from heliograph.canary import _sight
from heliograph.canary._call import Call
from heliograph.canary._http import HttpServer
from heliograph.canary._results import Results
from heliograph.canary._service import CanaryService, Settings
from heliograph.canary._sight import SIGNALS, Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

SOON = 20.0  # seconds; a machine may be busy


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _sample(text: str, name: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(name + " ")]
    return float(line.rpartition(" ")[2])


def test_before_the_first_call_nothing_is_said_of_arrivals() -> None:
    text = Results().text()
    assert "\nheliograph_canary_arrived{" not in text
    assert _sample(text, 'heliograph_canary_missed_total{signal="logs"}') == 0
    assert _sample(text, 'heliograph_canary_visible_seconds_count{signal="logs"}') == 0


def test_results_are_counted() -> None:
    results = Results()
    results.take([Sighting("logs", 1.5), Sighting("traces", 0.3), Sighting("metrics", None, "gone")])
    results.take([Sighting("logs", None, "gone"), Sighting("traces", 2.0), Sighting("metrics", 400.0)])
    text = results.text()
    assert [_sample(text, f'heliograph_canary_arrived{{signal="{name}"}}') for name in SIGNALS] == [1, 1, 0]
    assert [_sample(text, f'heliograph_canary_missed_total{{signal="{name}"}}') for name in SIGNALS] == [0, 1, 1]
    name = "heliograph_canary_visible_seconds"
    # Traces took 0.3 s and 2 s: an edge belongs to its bucket. Metrics took longer than the last edge.
    buckets = {"0.25": 0, "0.5": 1, "1": 1, "2": 2, "300": 2, "+Inf": 2}
    assert {le: _sample(text, f'{name}_bucket{{signal="traces",le="{le}"}}') for le in buckets} == buckets
    assert _sample(text, f'{name}_bucket{{signal="metrics",le="300"}}') == 0
    assert _sample(text, f'{name}_bucket{{signal="metrics",le="+Inf"}}') == 1
    assert _sample(text, f'{name}_sum{{signal="traces"}}') == pytest.approx(2.3)
    assert _sample(text, f'{name}_count{{signal="logs"}}') == 1


class _Canary:
    """A service whose stores say `why`: "" when everything is there."""

    def __init__(self) -> None:
        self.why = ""
        self.calls: list[Call] = []
        looks = {signal: lambda _: self.why for signal in SIGNALS}
        self.service = CanaryService(Settings(every=0.05, within=0.02, first=0.0), self._call, looks)

    def _call(self) -> Call:
        self.calls.append(Call(f"{len(self.calls):032x}", time.time()))
        return self.calls[-1]

    def arrived(self) -> bool:
        return all(one["seconds"] is not None for one in self.service.results.as_dict().values())


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> _Canary:
    monkeypatch.setattr(_sight, "_TURN", 0.01)
    return _Canary()


def test_it_calls_again_and_again_and_stops(canary: _Canary) -> None:
    healths = [canary.service.healthy]
    canary.service.start()
    _until(lambda: len(canary.calls) >= 3)
    healths.append(canary.service.healthy)
    canary.service.close()
    made = len(canary.calls)
    time.sleep(0.1)
    assert len(canary.calls) == made
    assert [*healths, canary.service.healthy] == [False, True, False]


def test_what_goes_missing_is_said_once_and_its_return_as_well(
    canary: _Canary, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        canary.service.start()
        _until(lambda: len(canary.calls) >= 2 and canary.arrived())
        assert caplog.messages == []
        canary.why = "Loki does not answer"
        _until(lambda: not canary.arrived())
        before = len(canary.calls)
        _until(lambda: len(canary.calls) >= before + 3)
        canary.why = ""
        _until(canary.arrived)
        canary.service.close()
    said = [message for message in caplog.messages if message.startswith("logs")]
    assert len(said) == 2
    assert "not in Loki within 0.02 s: Loki does not answer" in said[0]
    assert said[1].startswith("logs arrive again")


def test_pages(canary: _Canary) -> None:
    server = HttpServer(canary.service, ("127.0.0.1", 0))
    server.start()
    try:
        with pytest.raises(urllib.error.HTTPError) as failing:
            urllib.request.urlopen(f"{server.url}/healthz")
        assert failing.value.code == 503, "it makes no calls yet"
        canary.why = "nothing arrives"
        canary.service.start()
        _until(canary.service.results.as_dict)
        with urllib.request.urlopen(f"{server.url}/healthz") as answer:  # its own health, not the stores'
            assert json.load(answer)["signals"]["logs"] == {"seconds": None, "why": "nothing arrives"}
        with urllib.request.urlopen(f"{server.url}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert _sample(answer.read().decode(), 'heliograph_canary_arrived{signal="logs"}') == 0
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(f"{server.url}/../etc/passwd")
        assert missing.value.code == 404
    finally:
        server.close()
        canary.service.close()
