"""What must hold for every rule, whatever it is about: the checks of the field's linters, and a few of our own."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from heliograph.config import Config, load
from heliograph.config._types import seconds
from heliograph.stack._paths import config_root

from ._generated import alerts, groups, records
from ._promql import Labels, compares, impossible, selectors

SHIPPED = load()
# With everything that an operator may switch on: it must hold for those rules, too.
FULL = SHIPPED.merged(
    {
        "retention": {"prometheus": "32d"},
        "alerts": {
            "HighLLMErrorRate": {
                "overrides": [
                    {"match": {"model": "o3.*"}, "warning": 20, "critical": 40},
                    {"match": {"tenant": "acme", "chain": "rag"}, "warning": 1, "critical": None},
                ]
            },
            "HighQuotaUse": {"overrides": [{"match": {"model": "o3.*"}, "warning": 50, "critical": None}]},
            "HighHourlyCost": {"overrides": [{"match": {"tenant": "acme"}, "warning": 20, "critical": 40}]},
            "HighWastedCost": {"overrides": [{"match": {"model": "o3.*"}, "warning": 50, "critical": None}]},
            "HighPipelineLatency": {"overrides": [{"match": {"chain": "report"}, "warning": 600, "critical": None}]},
        },
        "slos": {
            "calls": {
                "scope": "llm",
                "kind": "latency",
                "objective": 90,
                "within": "5s",
                "match": {"model": "gpt-4.*"},
                "minimum": 10,
            },
            "runs": {
                "scope": "pipeline",
                "kind": "errors",
                "objective": 99.5,
                "within": None,
                "match": {"chain": "rag"},
                "minimum": 10,
            },
        },
        "budgets": {
            "time_zone": "Europe/Berlin",
            "limits": {
                "tenants": {"usd": 50, "period": "month", "match": {}, "each": "tenant"},
                "models": {"usd": 5, "period": "day", "match": {"model": "o3.*"}, "each": "model"},
            },
        },
    }
)
# Beside the service, which every alert has: about a provider, a budget, or the stack as a whole.
WITHOUT_SERVICE = {
    "ProviderOutage": {"deployment_environment_name", "provider"},
    "CostBudgetSpent": set[str](),
    "CostBudgetBurn": set[str](),
    "CostBudgetRunsOut": set[str](),
}


def _name(rule: dict[str, Any]) -> str:
    labels = rule["labels"]
    more = (labels.get(label, "") for label in ("level", "signal", "reason", "slo", "budget", "percent", "window"))
    return " ".join([rule["alert"], *(text for text in more if text)])


ALERTS = [
    pytest.param(rule, id=f"{index} {_name(rule)}")
    for index, rule in enumerate(alerts(FULL))
    if rule["alert"] != "Watchdog"  # which is about nothing and waits for nothing: test_stack_rules.py
]


def _labels(config: Config) -> Labels:
    known = Labels()
    for rule in records(config):
        known.learn(rule)
    return known


LABELS = _labels(FULL)


@pytest.mark.parametrize("rule", ALERTS)
def test_a_name_is_short_and_camel_case(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"([A-Z][a-z]*|LLM)+", rule["alert"])
    assert len(rule["alert"]) <= 40


@pytest.mark.parametrize("rule", ALERTS)
def test_labels_are_those_that_routing_knows(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["labels"]["level"] in {"P1", "P2", "P3", "P4"}
    assert rule["labels"]["team"]
    assert not any("{{" in value for value in rule["labels"].values()), "a label that changes makes a new alert"


@pytest.mark.parametrize("rule", ALERTS)
def test_a_critical_alert_is_an_incident_of_the_upper_levels(rule: dict[str, Any]) -> None:
    critical = rule["labels"]["severity"] == "critical"
    assert (rule["labels"]["level"] in {"P1", "P2"}) is critical


@pytest.mark.parametrize("rule", ALERTS)
def test_words_for_a_person(rule: dict[str, Any]) -> None:
    words = rule["annotations"]
    assert "{{" not in words["summary"]
    assert words["summary"].endswith(".")
    assert "{{" in words["description"]
    assert {"summary", "description", "value", "runbook_url", "dashboard_url"} <= words.keys()


@pytest.mark.parametrize("rule", ALERTS)
def test_an_alert_waits_and_compares(rule: dict[str, Any]) -> None:
    assert seconds(rule["for"]) > 0
    assert compares(rule["expr"])


@pytest.mark.parametrize("rule", ALERTS)
def test_an_expression_uses_what_exists_and_words_use_what_it_keeps(rule: dict[str, Any]) -> None:
    kept = LABELS.kept(rule["expr"])
    assert kept is not None
    kept |= rule["labels"].keys()
    about = WITHOUT_SERVICE.get(rule["alert"])
    assert "job" in kept if about is None else about <= kept
    for text in rule["annotations"].values():
        optional = set(re.findall(r"\{\{ with \$labels\.(\w+) \}\}", text))
        used = set(re.findall(r"\$labels\.(\w+)", text))
        # A target's own labels are not known beforehand; `with` says nothing where there is none.
        assert used <= kept | (optional if rule["labels"].get("signal") == "scrape" else set())


@pytest.mark.parametrize("rule", ALERTS)
def test_an_expression_can_be_true(rule: dict[str, Any]) -> None:
    assert impossible(rule["expr"]) == []


@pytest.mark.parametrize("rule", [pytest.param(rule, id=f"{rule['record']}") for rule in records(FULL)])
def test_a_record_reads_what_exists_and_labels_what_it_does_not_keep(rule: dict[str, Any]) -> None:
    assert LABELS.kept(rule["expr"]) is not None
    assert impossible(rule["expr"]) == []


@pytest.mark.parametrize(
    "rule", [*records(FULL), *alerts(FULL)], ids=lambda rule: rule.get("record", rule.get("alert"))
)
def test_a_regular_expression_is_one(rule: dict[str, Any]) -> None:
    """`model=~"gpt-5"` is `model="gpt-5"`, which is found sooner."""
    for selector in selectors(rule["expr"]):
        for matcher in selector.matchers.matchers:
            if str(matcher.op) in {"MatchOp.Re", "MatchOp.NotRe"}:
                assert re.search(r"[.*+?|()\[\]]", matcher.value), matcher.value


def test_a_record_is_made_before_it_is_read() -> None:
    """Within a group rules are evaluated in their order; what another group makes is a moment old at most."""
    for group in groups(FULL, "records"):
        own = [rule["record"] for rule in group["rules"]]
        for index, rule in enumerate(group["rules"]):
            read = {str(selector.name) for selector in selectors(rule["expr"])}
            assert not read & (set(own[index:]) - set(own[:index]))


def test_every_record_is_read_by_a_rule_or_is_for_boards() -> None:
    read = {str(node.name) for rule in [*records(SHIPPED), *alerts(SHIPPED)] for node in selectors(rule["expr"])}
    levels = {name.partition(":")[0] for name in {rule["record"] for rule in records(SHIPPED)} - read}
    assert levels <= {"call", "query", "chain", "tool"}


def test_no_two_rules_are_the_same() -> None:
    made = Counter(
        json.dumps([rule.get("record"), rule.get("alert"), rule["expr"], rule.get("labels", {})], sort_keys=True)
        for rule in [*records(FULL), *alerts(FULL)]
    )
    assert [rule for rule, times in made.items() if times > 1] == []


def test_no_two_records_have_the_same_series() -> None:
    made = Counter((rule["record"], *sorted(rule.get("labels", {}).items())) for rule in records(FULL))
    assert [record for record, times in made.items() if times > 1] == []


@pytest.mark.parametrize("rule", ALERTS)
def test_the_runbook_exists_with_its_four_sections(rule: dict[str, Any]) -> None:
    page = config_root() / "docs" / "runbooks" / f"{rule['alert']}.md"
    assert rule["annotations"]["runbook_url"] == f"{SHIPPED.links.runbooks}/{rule['alert']}"
    headings = re.findall(r"(?m)^## (.*)$", page.read_text(encoding="utf-8"))
    assert headings == ["Meaning", "Impact", "Diagnosis", "Mitigation"]


@pytest.mark.parametrize("file", ["alerts", "records"])
def test_groups_are_small_and_quick(file: str) -> None:
    found = groups(FULL, file)
    assert len({group["name"] for group in found}) == len(found)
    for group in found:
        assert 0 < len(group["rules"]) <= 20
        assert seconds(group["interval"]) <= 60


def test_records_are_named_level_metric_operation_with_the_window() -> None:
    for rule in records(FULL):
        level, _, operation = rule["record"].split(":")
        assert level in {"call", "model", "query", "chain", "tool", "job", "budget", "calendar", "calendar_guess"}
        if window := re.fullmatch(r"(?:rate|increase)(\w+)", operation):
            assert f"[{window[1]}]" in rule["expr"] or f"[{window[1]}:30m]" in rule["expr"] or level == "budget"


@pytest.mark.parametrize("confirmed", [True, False])
def test_no_two_rules_make_the_same_alert(confirmed: bool) -> None:
    names = [name for name, knobs in SHIPPED.plain()["alerts"].items() if "confirmed" in knobs]
    config = SHIPPED.merged({"alerts": {name: {"confirmed": confirmed} for name in names}})
    made = [(rule["alert"], *sorted(rule["labels"].items())) for rule in alerts(config)]
    assert len(set(made)) == len(made)


def test_levels_fall_with_the_tiers() -> None:
    """Inhibition goes by level: within an alert a higher tier must have a higher one."""
    for confirmed in (True, False):
        config = SHIPPED.merged({"alerts": {"HighQueryErrorRate": {"confirmed": confirmed}}})
        levels = [rule["labels"]["level"] for rule in alerts(config) if rule["alert"] == "HighQueryErrorRate"]
        assert levels == sorted(levels, reverse=True)
