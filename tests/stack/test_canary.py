"""The canary on the real servers: everything arrives; with Loki stopped the log is missing, and only the log."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.genai import vocabulary as v
from heliograph.stack._stores import Jaeger, Loki, Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.stack import Stack

JOB = '{job="heliograph-canary"}'


def _once(stack: Stack, within: float) -> tuple[int, dict[str, Any]]:
    offset = ["--port-offset", str(stack.offset)]
    done = subprocess.run(
        [sys.executable, "-m", "heliograph", "canary", "--once", "--json", "--within", str(within), *offset],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def _until(true: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def seen(bare_stack: Stack) -> dict[str, Any]:
    status, said = _once(bare_stack, within=60)
    assert status == 0, said
    return said


def test_a_call_arrives_in_all_three_stores(seen: dict[str, Any]) -> None:
    assert {one["signal"] for one in seen["signals"] if one["arrived"]} == {"traces", "metrics", "logs"}


def test_its_span_says_what_it_is_and_its_line_leads_to_it(seen: dict[str, Any], bare_stack: Stack) -> None:
    (span,) = Jaeger(bare_stack.urls["jaeger"]).trace(seen["trace_id"])
    assert span.service == "heliograph-canary"
    assert span.attributes[v.CANARY.name] is True
    query = f'{{service_name="heliograph-canary"}} | trace_id="{seen["trace_id"]}"'
    (line,) = Loki(bare_stack.urls["loki"]).lines(query)
    assert line.labels["span_id"] == span.span_id


def test_no_figure_of_a_users_holds_it(seen: dict[str, Any], bare_stack: Stack) -> None:
    """Neither its own process nor the meter counts it."""
    assert seen["arrived"]
    prometheus = Prometheus(bare_stack.urls["prometheus"])
    names = {sample.labels["__name__"] for sample in prometheus.query(JOB)}
    assert v.prometheus_name(v.CANARY_CALLS) in names
    assert {name for name in names if name.startswith(("llm_", "query_", "chain_", "tool_"))} == set()
    assert prometheus.number(f'sum({v.prometheus_name(v.METER_RECEIVED)}{{instance=~".+"}}) or vector(0)') is not None


def test_the_service_of_the_stack_tells_prometheus(bare_stack: Stack) -> None:
    prometheus = Prometheus(bare_stack.urls["prometheus"])
    arrived = v.prometheus_name(v.CANARY_ARRIVED)

    def told() -> dict[str, float]:
        return {sample.labels["signal"]: sample.value for sample in prometheus.query(arrived + JOB)}

    # The first call comes 5 s after the start; a scrape every 15 s.
    _until(lambda: told() == {"traces": 1, "metrics": 1, "logs": 1}, 90, f"{told()}")
    count = v.prometheus_name(v.CANARY_VISIBLE) + "_count"
    assert all(sample.value >= 1 for sample in prometheus.query(count + JOB))


def test_a_log_that_does_not_arrive_is_missed_and_nothing_else(bare_stack: Stack) -> None:
    bare_stack.stop_one("loki")
    try:
        status, said = _once(bare_stack, within=15)
    finally:
        bare_stack.start_one("loki")
    assert status == 1
    found = {one["signal"]: one for one in said["signals"]}
    assert [name for name, one in found.items() if not one["arrived"]] == ["logs"]
    assert "Loki does not answer" in found["logs"]["why"]
    # It is late, not lost: the collector had it in its queue.
    query = f'{{service_name="heliograph-canary"}} | trace_id="{said["trace_id"]}"'
    _until(lambda: Loki(bare_stack.urls["loki"]).lines(query), 60, "the line that was missed")
