"""The meter killed under load: the sender's log, Prometheus and Loki agree to the last token."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from heliograph.demo._story import free_offset
from heliograph.stack import Stack
from heliograph.stack._stores import Loki, Prometheus

from ._otlp import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLS: Final = 5
REQUESTS_A_SECOND: Final = 5
CALLS_A_REQUEST: Final = 10
PATIENCE: Final = 120.0
# USD for a million tokens: https://platform.openai.com/docs/pricing
INPUT, OUTPUT = 2.50, 10.00


@dataclass
class Log:
    """The sender's own: what the collector has acknowledged."""

    calls: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Response id -> input and output tokens."""

    @property
    def totals(self) -> dict[str, float]:
        tokens = [sum(one[place] for one in self.calls.values()) for place in (0, 1)]
        cost = (tokens[0] * INPUT + tokens[1] * OUTPUT) / 1e6
        return {"calls": len(self.calls), "input": tokens[0], "output": tokens[1], "cost": round(cost, 6)}


def calls(count: int) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """Make a request of calls, each with a framework's span around it, and say what is in it."""
    spans: list[dict[str, Any]] = []
    told = {}
    for _ in range(count):
        trace, outer, answer = secrets.token_hex(16), secrets.token_hex(8), f"chatcmpl-{secrets.token_hex(12)}"
        usage = secrets.randbelow(2000) + 1, secrets.randbelow(500) + 1
        told[answer] = usage
        common = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
        spans += [
            _span(trace, secrets.token_hex(8), outer, {**common, "gen_ai.response.id": answer, **_usage(usage)}),
            _span(trace, outer, "", common),
        ]
    resource = {"attributes": _attributes({"service.name": "crash-app"})}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).encode(), told


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    return {"gen_ai.usage.input_tokens": usage[0], "gen_ai.usage.output_tokens": usage[1]}


def _span(trace: str, span: str, parent: str, said: dict[str, Any]) -> dict[str, Any]:
    now = time.time_ns()
    times = {"startTimeUnixNano": str(now - 300_000_000), "endTimeUnixNano": str(now)}
    ids = {"traceId": trace, "spanId": span, "parentSpanId": parent}
    return {**ids, **times, "name": "chat gpt-4o", "kind": 3, "attributes": _attributes(said)}


def _attributes(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in said.items()
    ]


@dataclass
class Load:
    """Sends requests from a thread until told to stop."""

    sender: Sender
    log: Log = field(default_factory=Log)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(1 / REQUESTS_A_SECOND):
            body, told = calls(CALLS_A_REQUEST)
            # Only this test's sender is simple: what was not acknowledged is not sent again, and not expected.
            if self.sender.post("/v1/traces", body) == 200:
                self.log.calls |= told


@dataclass
class Stores:
    """What the stores have of the application."""

    prometheus: Prometheus
    loki: Loki

    def counted(self) -> dict[str, float]:
        ask = self.prometheus.number
        return {
            "calls": ask('sum(llm_requests_total{job="crash-app"})') or 0,
            "input": ask('sum(llm_tokens_total{job="crash-app", type="input"})') or 0,
            "output": ask('sum(llm_tokens_total{job="crash-app", type="output"})') or 0,
            "cost": round(ask('sum(llm_cost_total{job="crash-app"})') or 0, 6),
        }

    def told(self) -> list[dict[str, str]]:
        lines = self.loki.lines('{service_name="crash-app"} | event_name="llm.call"', limit=5000)
        return [dict(line.labels) for line in lines]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("crash")
    overlay = folder / "short.yaml"
    overlay.write_text("meter: {wait: 2s}\n", encoding="utf-8")
    stack = Stack(free_offset(), folder / "state", [overlay])
    try:
        stack.up(timeout=180.0)
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="module")
def stores(stack: Stack) -> Stores:
    return Stores(
        Prometheus(f"http://127.0.0.1:{stack.ports.prometheus}"), Loki(f"http://127.0.0.1:{stack.ports.loki}")
    )


@pytest.fixture(scope="module")
def log(stack: Stack, stores: Stores) -> Log:
    """Kill the meter under load, several times; wait until everything has arrived, or patience ends."""
    load = Load(Sender(stack.urls["otlp"]))
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        for _ in range(KILLS):
            time.sleep(4.0 + secrets.randbelow(4000) / 1000)
            killed = stack.identity("meter")
            stack.kill("meter")
            _until(lambda killed=killed: stack.identity("meter") not in {None, killed}, 30.0)  # type: ignore[misc]
        time.sleep(5.0)
    finally:
        load.stop.set()
        thread.join()
    _until(lambda: stores.counted()["calls"] >= len(load.log.calls), PATIENCE)
    _until(lambda: len(stores.told()) >= len(load.log.calls), PATIENCE)
    time.sleep(6.0)  # one more export: nothing may be counted twice
    return load.log


def _until(is_so: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not is_so():
        time.sleep(0.5)


def test_counters_are_those_of_the_senders_own_log(log: Log, stores: Stores) -> None:
    assert len(log.calls) > KILLS * CALLS_A_REQUEST
    assert stores.counted() == log.totals


def test_each_call_has_one_event_with_its_own_tokens(log: Log, stores: Stores) -> None:
    told = stores.told()
    assert len(told) == len(log.calls)
    tokens = {one["response_id"]: (int(one["llm_input_tokens"]), int(one["llm_output_tokens"])) for one in told}
    assert tokens == log.calls


def test_prometheus_sees_one_series_that_never_went_back(log: Log, stores: Stores) -> None:
    ask = stores.prometheus.number
    requests = 'llm_requests_total{job="crash-app"}'
    assert ask(f"count({requests})") == 1, "one instance over all restarts"
    assert ask(f"sum(resets({requests}[15m]))") == 0
    # `increase` counts from the start that the samples carry, and extrapolates by half an export at either end: 8 % of
    # the minute that this lasts. A series that begins anew would have all that was counted before once more.
    for counter in (requests, 'llm_latency_seconds_count{job="crash-app"}'):
        assert ask(f"sum(increase({counter}[15m]))") == pytest.approx(1.05 * len(log.calls), rel=0.055)


def test_an_event_sent_twice_is_one_to_loki(stack: Stack, stores: Stores) -> None:
    """After a crash the meter sends again what it may have delivered: that must not be seen."""
    now = time.time_ns()
    record = {
        "timeUnixNano": str(now),
        "observedTimeUnixNano": str(now + 1),
        "body": {"stringValue": "chat gpt-4o: success"},
        "attributes": _attributes({"event_name": "llm.call", "llm_input_tokens": 5}),
    }
    resource = {"attributes": _attributes({"service.name": "twice-app", "service.instance.id": "heliograph-meter-1"})}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}).encode()
    sender = Sender(stack.urls["otlp"])
    for _ in range(2):
        assert sender.post("/v1/logs", body) == 200
        _until(lambda: stores.loki.lines('{service_name="twice-app"}'), 30.0)
        time.sleep(3.0)
    assert len(stores.loki.lines('{service_name="twice-app"}')) == 1
    counted = stores.loki.query('sum(count_over_time({service_name="twice-app"}[5m]))')
    assert [sample.value for sample in counted] == [1]
