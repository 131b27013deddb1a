"""The bill is exact, wherever it is read, and calls are counted once."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from heliograph.demo._story import Demo
    from heliograph.demo._summary import Summary


@pytest.fixture
def usage(demo: Demo) -> list[dict[str, object]]:
    """Return what the provider billed, from its own log."""
    return [json.loads(line) for line in demo.usage_log.read_text().splitlines()]


def test_counters_events_and_usage_log_agree(summary: Summary) -> None:
    assert summary.costs.audit
    for bill in (summary.costs.counters, summary.costs.events):
        assert bill.keys() == summary.costs.audit.keys()
        for model, usd in summary.costs.audit.items():
            assert bill[model] == pytest.approx(usd, abs=1e-9)


def test_tokens_are_those_of_the_usage_log(demo: Demo, usage: list[dict[str, object]]) -> None:
    billed: Counter[str] = Counter()
    for record in usage:
        tokens = record["usage"]
        assert isinstance(tokens, dict)
        billed["input"] += tokens["prompt_tokens"]
        billed["output"] += tokens.get("completion_tokens", 0)
    counted = demo.prometheus.query("sum by (type) (last_over_time(llm_tokens_total[1h]))")
    assert {s.labels["type"]: s.value for s in counted} == billed


def test_every_billed_response_is_counted_once(demo: Demo, usage: list[dict[str, object]]) -> None:
    success = demo.prometheus.number('sum(last_over_time(llm_requests_total{status="success"}[1h]))')
    assert success == len(usage)


def test_two_one_shot_scripts_are_counted_in_full(demo: Demo) -> None:
    """Each made one call and was gone before any scrape could have seen it."""
    last = 'last_over_time(llm_requests_total{job="one-shot",status="success"}[1h])'
    assert demo.prometheus.number(f"count({last})") == 2
    assert demo.prometheus.number(f"sum({last})") == 2
    # `increase` sees them too, although each series begins with its final value: that needs start timestamps.
    increase = demo.prometheus.number('sum(increase(llm_cost_total{job="one-shot"}[1h]))')
    total = demo.prometheus.number('sum(last_over_time(llm_cost_total{job="one-shot"}[1h]))')
    assert total is not None
    assert total > 0
    assert increase == pytest.approx(total, rel=1e-6)


def test_failed_calls_cost_nothing_and_are_counted_as_errors(demo: Demo, summary: Summary) -> None:
    assert summary.requests["error"] > 0
    assert summary.failed > 0
    assert demo.prometheus.number('sum(last_over_time(query_requests_total{status="error"}[1h]))') == summary.failed
