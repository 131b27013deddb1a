"""The meter killed under load: the sender's log, Prometheus and Loki agree to the last token."""

from __future__ import annotations

import json
import secrets
import threading
import time
from typing import TYPE_CHECKING, Final

import pytest

from heliograph.demo._story import free_offset
from heliograph.stack import Stack
from heliograph.stack._stores import Loki, Prometheus

from ._meter_load import CALLS_A_REQUEST, Load, Log, Stores, attributes, until
from ._otlp import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLS: Final = 4
PATIENCE: Final = 120.0


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
            time.sleep(3.0 + secrets.randbelow(2000) / 1000)
            killed = stack.identity("meter")
            stack.kill("meter")
            until(lambda killed=killed: stack.identity("meter") not in {None, killed}, 30.0)
        time.sleep(3.0)
    finally:
        load.stop.set()
        thread.join()
    until(lambda: stores.counted()["calls"] >= len(load.log.calls), PATIENCE)
    until(lambda: len(stores.told()) >= len(load.log.calls), PATIENCE)
    time.sleep(6.0)  # one more export: nothing may be counted twice
    return load.log


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
        "attributes": attributes({"event_name": "llm.call", "llm_input_tokens": 5}),
    }
    resource = {"attributes": attributes({"service.name": "twice-app", "service.instance.id": "heliograph-meter-1"})}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}).encode()
    sender = Sender(stack.urls["otlp"])
    for _ in range(2):
        assert sender.post("/v1/logs", body) == 200
        until(lambda: stores.loki.lines('{service_name="twice-app"}'), 30.0)
        time.sleep(3.0)
    assert len(stores.loki.lines('{service_name="twice-app"}')) == 1
    counted = stores.loki.query('sum(count_over_time({service_name="twice-app"}[5m]))')
    assert [sample.value for sample in counted] == [1]
