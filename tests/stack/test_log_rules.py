"""Rules over logs on a real Loki, with events as applications send them: promtool knows no LogQL."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.stack import Stack

    from ._otlp import Sender

NAMES = {"RunawayAgent", "HighUserCost", "HighTenantCost"}
# Labels of an alert but those that all of a name share.
Labels = frozenset[tuple[str, str]]


def _is(name: str, severity: str, level: str, job: str, **labels: str) -> Labels:
    own = {"alertname": name, "severity": severity, "level": level, "team": "on-call", "job": job}
    return frozenset((own | {"deployment_environment_name": "prod"} | labels).items())


# What is sent → the alerts that must come of it, and no others. Each pair is just beyond a limit and just below it.
RUNAWAYS = {
    "steps": _is("RunawayAgent", "critical", "P2", "agent", reason="steps", chain="planner", user_id="u1"),
    "cost": _is("RunawayAgent", "critical", "P2", "nameless", reason="cost"),
    "repeats": _is("RunawayAgent", "critical", "P2", "nameless", reason="repeats"),
}
TENANTS = {
    "critical": _is("HighTenantCost", "critical", "P2", "shop", tenant="acme"),
    "warning": _is("HighTenantCost", "warning", "P3", "shop", tenant="acme"),
    "override": _is("HighTenantCost", "warning", "P3", "small", tenant="tiny"),
}
USERS = {"user": _is("HighUserCost", "warning", "P3", "shop", user_id="rich")}


def _events(otlp: Sender) -> None:
    otlp.call("agent", chain="planner", user_id="u1", query_call=50, query_cost_so_far_usd=4.99, identical_calls=9)
    otlp.call("agent", chain="planner", user_id="u2", query_call=49, query_cost_so_far_usd=4.99, identical_calls=9)
    otlp.call("nameless", query_call=3, query_cost_so_far_usd=5.0, identical_calls=10)
    for _ in range(3):  # 6 USD, of more than 5
        otlp.call("shop", user_id="rich", llm_cost_usd=2.0)
    otlp.call("shop", user_id="modest", llm_cost_usd=5.0)
    otlp.call("other", user_id="rich", llm_cost_usd=3.0)  # users are those of one service
    otlp.call("shop", tenant="acme", llm_cost_usd=25.5)
    otlp.call("shop", tenant="globex", llm_cost_usd=10.0)
    otlp.call("shop", tenant="bigcorp", llm_cost_usd=99.0)  # has thresholds of its own
    otlp.call("small", tenant="tiny", llm_cost_usd=1.5)  # so has this service, in one environment
    otlp.call("small", environment="dev", tenant="tiny", llm_cost_usd=1.5)
    otlp.call("shop", user_id="broken", tenant="broken", llm_cost_usd="much", query_call="many")


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def _alerts(stack: Stack) -> dict[Labels, dict[str, Any]]:
    """Return what fires by the word of Alertmanager."""
    found = _get(stack.urls["alertmanager"] + "/api/v2/alerts")
    return {frozenset(a["labels"].items()): a for a in found if a["labels"]["alertname"] in NAMES}


def _wait(until: Callable[[], bool], seconds: float) -> float:
    """Return how long it took; fails after `seconds`."""
    start = time.monotonic()
    while not until():
        assert time.monotonic() - start < seconds
        time.sleep(0.5)
    return time.monotonic() - start


@pytest.fixture(scope="module")
def rules(bare_stack: Stack) -> list[dict[str, Any]]:
    """Wait until Loki evaluates its rules."""
    url = bare_stack.urls["loki"] + "/prometheus/api/v1/rules"
    _wait(lambda: len(_get(url)["data"]["groups"]) == 3, 60)
    _wait(lambda: all(r["health"] == "ok" for g in _get(url)["data"]["groups"] for r in g["rules"]), 60)
    groups: list[dict[str, Any]] = _get(url)["data"]["groups"]
    return groups


@pytest.fixture(scope="module")
def fired(bare_stack: Stack, rules: list[dict[str, Any]], otlp: Sender) -> dict[Labels, dict[str, Any]]:
    """Every alert that came of the events, with what Alertmanager knew of it when it first had it."""
    assert rules
    _events(otlp)
    seen: dict[Labels, dict[str, Any]] = {}
    start = time.monotonic()
    while time.monotonic() - start < 100:  # for: 1m, twice the interval of evaluation, and some air
        now = _alerts(bare_stack)
        seen = {**{labels: alert | {"after": time.monotonic() - start} for labels, alert in now.items()}, **seen}
        if not bare_stack.running:
            break
        time.sleep(0.5)
    return seen


def test_loki_reads_every_rule_and_evaluates_it_as_often_as_heliograph_yaml_says(rules: list[dict[str, Any]]) -> None:
    assert {group["interval"] for group in rules} == {15}
    assert {rule["name"] for group in rules for rule in group["rules"]} == NAMES
    assert {rule["lastError"] for group in rules for rule in group["rules"]} == {""}


def test_exactly_those_beyond_a_limit_fire(fired: dict[Labels, dict[str, Any]]) -> None:
    wanted = {*RUNAWAYS.values(), *TENANTS.values(), *USERS.values()}
    assert {tuple(sorted(labels)) for labels in fired} == {tuple(sorted(labels)) for labels in wanted}


def test_a_runaway_is_told_within_an_evaluation(fired: dict[Labels, dict[str, Any]]) -> None:
    """While its query still runs: 15 s, and what it takes to store the event and to send the alert."""
    assert max(fired[labels]["after"] for labels in RUNAWAYS.values()) < 25


def test_an_alert_says_what_happened_and_where_to_look(fired: dict[Labels, dict[str, Any]]) -> None:
    words = fired[RUNAWAYS["steps"]]["annotations"]
    assert words["value"] == "50 calls"
    assert words["description"].startswith(
        "In agent (prod), chain planner, user u1: a query has made 50 calls of models so far (limit: 50)."
    )
    assert words["runbook_url"].endswith("/runbooks/RunawayAgent")
    assert "/d/heliograph-agents/agents?" in words["dashboard_url"]
    assert "&var-service=agent" in words["dashboard_url"]
    assert fired[RUNAWAYS["cost"]]["annotations"]["description"].startswith("In nameless (prod): a query has cost 5.00")
    assert fired[USERS["user"]]["annotations"]["value"] == "6.00 USD in 10m"
    assert not [text for alert in fired.values() for text in alert["annotations"].values() if "{{" in text]


@pytest.mark.parametrize("labels", [RUNAWAYS["steps"], RUNAWAYS["cost"], USERS["user"], TENANTS["critical"]])
def test_the_query_and_the_link_find_the_calls_behind_it(
    bare_stack: Stack, fired: dict[Labels, dict[str, Any]], labels: Labels
) -> None:
    words = fired[labels]["annotations"]
    panes = json.loads(parse_qs(urlsplit(words["logs_url"]).query)["panes"][0])
    (query,) = panes["logs"]["queries"]
    assert query["expr"] == words["query"]
    assert re.fullmatch(r"\d{13}", panes["logs"]["range"]["from"])
    asked = urlencode({"query": query["expr"], "since": "1h"})
    streams = _get(f"{bare_stack.urls['loki']}/loki/api/v1/query_range?{asked}")["data"]["result"]
    found = [(stream["stream"]["service_name"], line) for stream in streams for line in stream["values"]]
    assert len(found) == (3 if labels == USERS["user"] else 1)
    assert {service for service, _ in found} == {dict(labels)["job"]}


def test_a_runaway_ends_with_its_window(bare_stack: Stack, fired: dict[Labels, dict[str, Any]]) -> None:
    assert fired
    _wait(lambda: not {*RUNAWAYS.values()} & _alerts(bare_stack).keys(), 60)


def test_a_cost_that_fell_is_held_for_a_while_and_then_told_as_over(
    bare_stack: Stack, fired: dict[Labels, dict[str, Any]], otlp: Sender
) -> None:
    assert fired
    _wait(lambda: not {*TENANTS.values()} & _alerts(bare_stack).keys(), 60)
    otlp.call("shop", tenant="acme", llm_cost_usd=30.0)
    _wait(lambda: TENANTS["critical"] in _alerts(bare_stack), 60)
    held = _wait(lambda: TENANTS["critical"] not in _alerts(bare_stack), 120)
    # The event is older than the window (60 s) and the hold (30 s) when the alert ends; it fired within 45 s of it.
    assert held > 60 + 30 - 50


def test_a_killed_loki_forgets_nothing_that_it_had_told(bare_stack: Stack, fired: dict[Labels, dict[str, Any]]) -> None:
    """The events are in its log; Alertmanager is told again before it takes silence for the end."""
    assert USERS["user"] in fired
    started = fired[USERS["user"]]["startsAt"]
    bare_stack.kill("loki")
    # Its start, the `for` of a minute that begins anew, and two evaluations.
    end = time.monotonic() + 110
    while time.monotonic() < end:
        assert _alerts(bare_stack).get(USERS["user"], {}).get("startsAt") == started
        time.sleep(2)
