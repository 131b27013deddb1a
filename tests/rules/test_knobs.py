"""Every number of a rule comes from heliograph.yaml, and every number there turns a rule."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from heliograph.config import Config, load
from heliograph.genai.vocabulary import QUERY_COST, QUERY_LATENCY

from ._generated import alerts, groups, named, records

SHIPPED = load()
# About the stack, with tests of its own (test_stack_rules.py), or evaluated by Loki (tests/stack).
ELSEWHERE = {"RunawayAgent", "HighUserCost", "HighTenantCost", "ServiceDown"}
STACK = list(SHIPPED.plain()["alerts"])
APPLICATIONS = [name for name in STACK[: STACK.index("TelemetryLost")] if name not in ELSEWHERE]

# A value that nothing else has → how it looks in the rules of the alert, or in the records that they read.
KNOBS: dict[str, tuple[Any, str]] = {
    "warning": (1.25, "> 1.25"),
    "critical": (61.5, "> 61.5"),
    "p1": (77.5, "> 77.5"),
    "window": ("23m", "[23m]"),
    "for": ("7s", '"for": "7s"'),
    "keep_firing_for": ("17s", '"keep_firing_for": "17s"'),
    "minimum": (37.0, " 37"),
    "team": ("others", '"team": "others"'),
    "errors": (["Strange.Error"], "(Strange[.]Error)"),
    "factor": (4.5, "> 4.5"),
    "severity": ("warning", '"severity": "warning"'),
}
# Elsewhere in the file, or not as it stands: a difference of two durations.
KNOWN = KNOBS | {"earlier": ("5h", " offset ")}


def _turned(name: str) -> dict[str, Any]:
    known = SHIPPED.plain()["alerts"][name]
    return {key: KNOWN[key][0] for key in {*known, "team"} & KNOWN.keys() if known.get(key, "") is not None}


TURNED = SHIPPED.merged(
    {
        "alerts": {name: _turned(name) for name in APPLICATIONS} | {"ServiceDown": {"heartbeat_age": "1m30s"}},
        "prices": {"max_age_days": 7},
    }
)
RECORDS = json.dumps(records(TURNED))


@pytest.mark.parametrize("name", APPLICATIONS)
def test_each_knob_of_an_alert_turns_its_rules(name: str) -> None:
    rules = named(TURNED, name)
    text = json.dumps(rules)
    for key in _turned(name).keys() & KNOBS.keys():
        expected = KNOBS[key][1]
        recorded = re.search("(rate|increase)23m", text) and expected in RECORDS
        assert expected in text or recorded, f"{key} turns nothing"
    for tier in ("warning", "critical", "p1"):
        if SHIPPED.plain()["alerts"][name].get(tier) is not None:
            assert any(f"(threshold: {KNOBS[tier][0]}" in rule["annotations"]["description"] for rule in rules)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_a_rule_has_no_number_of_its_own(name: str) -> None:
    """What is a window or a threshold in the shipped rules is gone when all of the knobs were turned."""
    shipped = SHIPPED.plain()["alerts"][name]
    text = json.dumps([rule["expr"] for rule in named(TURNED, name)])
    if "window" in shipped:
        assert f"[{shipped['window']}]" not in text
    for tier in ("warning", "critical", "p1"):
        if shipped.get(tier) is not None:
            assert f"> {shipped[tier]:g}\\n" not in text


def test_knobs_that_stand_elsewhere() -> None:
    assert "offset 4h37m" in named(TURNED, "CostAnomaly")[0]["expr"]  # 5h - 23m
    assert "[46m]" in named(TURNED, "CostAnomaly")[0]["expr"]
    assert "[23m] offset 5h" in named(TURNED, "NoTraffic")[0]["expr"]
    assert "> time() - 90\n" in named(TURNED, "NoTraffic")[0]["expr"]
    assert "> 604800\n" in named(TURNED, "StalePrices")[0]["expr"]


@pytest.mark.parametrize("name", ["HighLLMLatency", "HighHourlyTokens"])
def test_confirming_a_threshold_wakes_people(name: str) -> None:
    rules = named(SHIPPED, name)
    assert [rule["labels"]["severity"] for rule in rules] == ["warning", "warning"]
    assert "has not confirmed" in rules[1]["annotations"]["description"]
    confirmed = named(SHIPPED.merged({"alerts": {name: {"confirmed": True}}}), name)
    assert [(rule["labels"]["severity"], rule["labels"]["level"]) for rule in confirmed] == [
        ("warning", "P3"),
        ("critical", "P2"),
    ]
    assert "has not confirmed" not in confirmed[1]["annotations"]["description"]


def test_a_tier_that_is_null_is_gone() -> None:
    config = SHIPPED.merged(
        {
            "alerts": {
                "HighLLMErrorRate": {"warning": None},
                "HighDailyCost": {"critical": 500},
                "HighQuotaUse": {"warning": None, "critical": None},
            }
        }
    )
    assert [rule["labels"]["level"] for rule in named(config, "HighLLMErrorRate")] == ["P2"]
    assert [rule["labels"]["level"] for rule in named(config, "HighDailyCost")] == ["P4", "P2"]
    assert named(config, "HighQuotaUse") == []
    assert all(group["rules"] for group in groups(config))


def test_each_knob_of_an_slo_turns_its_rules() -> None:
    config = SHIPPED.merged(
        {
            "slos": {
                "query-success": {"objective": 98.5, "minimum": 37, "match": {"tenant": "acme"}, "team": "others"},
                "query-speed": {"within": "1m"},
            },
            "burn_rates": [
                {"severity": "warning", "long": "2h", "short": "9m", "factor": 3, "for": "7s", "keep_firing_for": "17s"}
            ],
        }
    )
    speed, success = named(config, "ErrorBudgetBurn")
    assert "/ 0.015\n> 3\n" in success["expr"].replace("  ", "")
    assert ">= 37" in success["expr"]
    assert {"job:slo_bad:increase2h", "job:slo_all:increase9m"} <= set(success["expr"].replace("{", " ").split())
    assert (success["for"], success["keep_firing_for"]) == ("7s", "17s")
    assert success["labels"] == {
        "severity": "warning",
        "level": "P3",
        "team": "others",
        "slo": "query-success",
        "kind": "errors",
        "window": "2h",
    }
    made = {
        (rule["record"], rule["labels"]["slo"]): rule["expr"] for rule in records(config) if "slo" in rule["record"]
    }
    assert 'tenant="acme", status="error"}[2h]' in made["job:slo_bad:increase2h", "query-success"]
    assert 'le=~"60([.]0)?"}[9m]' in made["job:slo_bad:increase9m", "query-speed"]
    assert "longer than 1m" in speed["annotations"]["description"]


def test_a_rule_that_could_never_fire_is_left_out() -> None:
    """Of a promise of 90 %, all may be bad at 10 times the budget: 14.4 times is more than all."""
    config = SHIPPED.merged({"slos": {"query-success": {"objective": 90}}})
    windows = [
        rule["labels"]["window"]
        for rule in named(config, "ErrorBudgetBurn")
        if rule["labels"]["slo"] == "query-success"
    ]
    assert windows == ["6h", "3d"]


def test_each_knob_of_a_budget_turns_its_rules() -> None:
    config = SHIPPED.merged(
        {
            "budgets": {
                "spent": [75],
                "runs_out_within": "2h",
                "pace": "31m",
                "for": "7s",
                "keep_firing_for": "17s",
                "burn": [
                    {
                        "severity": "critical",
                        "long": "2h",
                        "short": "9m",
                        "factor": 3,
                        "for": "8s",
                        "keep_firing_for": "18s",
                    }
                ],
                "limits": {"all-services": {"usd": 64, "match": {"model": "o3.*"}, "each": "tenant", "team": "others"}},
            }
        }
    )
    (spent,), (burn,), (runs_out,) = (
        named(config, name) for name in ("CostBudgetSpent", "CostBudgetBurn", "CostBudgetRunsOut")
    )
    assert spent["expr"].endswith(">= 48\n")
    assert spent["labels"]["severity"] == "critical"  # the last of them
    assert {rule["labels"]["team"] for rule in (spent, burn, runs_out)} == {"others"}
    assert {(rule["for"], rule["keep_firing_for"]) for rule in (spent, runs_out)} == {("7s", "17s")}
    assert (burn["for"], burn["keep_firing_for"]) == ("8s", "18s")
    assert burn["expr"].count("/ 64 > 3") == 2
    assert {"rate2h{", "rate9m{"} <= {part.split(":")[-1] for part in burn["expr"].replace("{", "{ ").split()}
    assert "< 7200\n" in runs_out["expr"]
    assert "rate31m" in runs_out["expr"]
    raw = [
        rule["expr"]
        for rule in records(config)
        if rule["record"].startswith("budget:") and "llm_cost_total" in rule["expr"]
    ]
    assert raw
    assert all("sum by (tenant) " in expr and 'llm_cost_total{model=~"o3.*"}' in expr for expr in raw)


def test_without_budgets_and_slos_there_are_no_rules_for_them() -> None:
    config = Config.model_validate(
        SHIPPED.plain() | {"slos": {}, "budgets": SHIPPED.plain()["budgets"] | {"limits": {}}}
    )
    assert not [rule for rule in alerts(config) if "Budget" in rule["alert"]]
    assert not [rule for rule in records(config) if rule["record"].partition(":")[0] in {"budget", "calendar"}]
    assert not [rule for rule in records(config) if ":slo_" in rule["record"]]


@pytest.mark.parametrize(
    ("edge", "edges"),
    [
        (SHIPPED.alerts.HighQueryLatency.warning, QUERY_LATENCY.edges),
        (SHIPPED.alerts.HighQueryLatency.critical, QUERY_LATENCY.edges),
        (SHIPPED.alerts.HighQueryCost.warning, QUERY_COST.edges),
    ],
)
def test_a_shipped_threshold_is_an_edge_of_its_histogram(edge: float, edges: tuple[float, ...]) -> None:
    assert edge in edges


def test_links_follow_heliograph_yaml() -> None:
    links = {
        "grafana": "https://g.example.com",
        "jaeger": "https://j.example.com/ui",
        "runbooks": "https://r.example.com",
    }
    words = named(SHIPPED.merged({"links": links}), "HighLLMErrorRate")[0]["annotations"]
    assert words["dashboard_url"].startswith("https://g.example.com/d/heliograph-llm-overview/")
    assert words["logs_url"].startswith("https://g.example.com/explore?")
    assert words["trace_url"].startswith("https://j.example.com/ui/search?")
    assert words["runbook_url"] == "https://r.example.com/HighLLMErrorRate"


def test_groups_are_evaluated_as_often_as_heliograph_yaml_says() -> None:
    config = SHIPPED.merged({"intervals": {"evaluation": "9s", "recording": "11s"}})
    assert {group["interval"] for group in groups(config)} == {"9s"}
    assert {group["interval"] for group in groups(config, "records")} == {"11s", "1m"}


def test_the_window_of_graphs_is_a_knob() -> None:
    made = {rule["record"]: rule["expr"] for rule in records(SHIPPED.merged({"dashboards": {"rate_window": "90s"}}))}
    assert "rate(llm_cost_total[90s])" in made["call:llm_cost:rate90s"]


def test_numbers_are_written_as_people_write_them() -> None:
    config = SHIPPED.merged({"alerts": {"HighHourlyCost": {"warning": 0.1, "critical": 1_000_000.0}}})
    found = [rule["expr"].split("> ")[1].strip() for rule in named(config, "HighHourlyCost")]
    assert found == ["0.1", "1000000"]


def test_a_team_is_the_default_one_or_the_alert_s_own() -> None:
    config = SHIPPED.merged({"teams": {"default": "night"}, "alerts": {"StalePrices": {"team": "finance"}}})
    teams = {rule["alert"]: rule["labels"]["team"] for rule in alerts(config)}
    assert teams.pop("StalePrices") == "finance"
    assert set(teams.values()) == {"night"}
