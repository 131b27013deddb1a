"""What must hold for every rule, whatever it is about: the checks of the field's linters, and a few of our own."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest
from ruamel.yaml import YAML

from heliograph.config import Config, load, render
from heliograph.config._types import seconds
from heliograph.genai.vocabulary import METRICS, prometheus_name
from heliograph.stack._paths import config_root

from ._server_metrics import server_metrics

SERVICE = {"job", "deployment_environment_name"}
RESOURCE = {*SERVICE, "instance", "service_version"}


def _groups(config: Config, file: str = "alerts") -> list[dict[str, Any]]:
    text = render(config)[f"prometheus/generated/{file}.yaml"]
    groups: list[dict[str, Any]] = YAML(typ="safe").load(text)["groups"]
    return groups


def _alerts(config: Config) -> list[dict[str, Any]]:
    return [rule for group in _groups(config) for rule in group["rules"]]


def _records(config: Config) -> dict[str, set[str]]:
    """Return recording rules: name → labels."""
    rules = [rule for group in _groups(config, "records") for rule in group["rules"]]
    return {rule["record"]: _by(promql_parser.parse(rule["expr"])) for rule in rules}


def _by(aggregation: object) -> set[str]:
    assert isinstance(aggregation, promql_parser.AggregateExpr)
    assert aggregation.modifier
    return set(aggregation.modifier.labels)


SHIPPED = load()
ALERTS = [
    pytest.param(rule, id=f"{rule['alert']} {rule['labels']['level']} {rule['labels'].get('signal', '')}".strip())
    for rule in _alerts(SHIPPED)
    if rule["alert"] != "Watchdog"  # which is about nothing and waits for nothing: test_stack_rules.py
]
LABELS: dict[str, set[str]] = (
    {prometheus_name(spec): {*spec.labels, *RESOURCE} for spec in METRICS}
    | _records(SHIPPED)
    | {metric["name"]: {"job", "instance", *metric["labels"]} for metric in server_metrics()}
)
COUNTERS = {prometheus_name(spec) for spec in METRICS if spec.kind == "counter"} | {
    metric["name"] for metric in server_metrics() if metric["type"] == "counter"
}
HISTOGRAM_PARTS = {
    prometheus_name(spec) + part: prometheus_name(spec)
    for spec in METRICS
    if spec.kind == "histogram"
    for part in ("_bucket", "_count", "_sum")
}


def _labels_of(metric: str) -> set[str]:
    base = HISTOGRAM_PARTS.get(metric, metric)
    assert base in LABELS, f"nobody emits {metric}"
    return LABELS[base] | ({"le"} if metric.endswith("_bucket") else set())


def _kept(node: object) -> set[str] | None:
    """Return the labels of a result, None for a scalar; asserts what must hold on the way."""
    kept: set[str] | None = None
    match node:
        case promql_parser.VectorSelector():
            kept = _labels_of(str(node.name))
            assert {matcher.name for matcher in node.matchers.matchers} <= kept
        case promql_parser.MatrixSelector():
            kept = _kept(node.vector_selector)
        case promql_parser.ParenExpr():
            kept = _kept(node.expr)
        case promql_parser.Call():
            if node.func.name in {"rate", "increase"}:
                (metric,) = re.findall(r"\w+(?=[{\[])", str(node.args[0]))
                assert metric in COUNTERS | HISTOGRAM_PARTS.keys(), f"{node.func.name} of {metric}"
            found = [labels for argument in node.args if (labels := _kept(argument)) is not None]
            kept = found[0] - ({"le"} if node.func.name == "histogram_quantile" else set()) if found else None
        case promql_parser.AggregateExpr():
            kept = _by(node)
            assert kept <= (_kept(node.expr) or set()), f"{node} groups by labels that do not exist"
        case promql_parser.BinaryExpr():
            left, right = _kept(node.lhs), _kept(node.rhs)
            kept = right if left is None else left
            if left is not None and right is not None:
                if node.modifier and node.modifier.matching:
                    assert set(node.modifier.matching.labels) <= left & right
                else:
                    assert left == right, f"{node.op} between {left} and {right} never matches"
    return kept


def _compares(node: object) -> bool:
    match node:
        case promql_parser.BinaryExpr():
            return str(node.op) in {">", "<", ">=", "<=", "==", "!="} or _compares(node.lhs)
        case promql_parser.ParenExpr() | promql_parser.AggregateExpr():
            return _compares(node.expr)
        case _:
            return False


@pytest.mark.parametrize("rule", ALERTS)
def test_a_name_is_short_and_camel_case(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"([A-Z][a-z]*|LLM)+", rule["alert"])
    assert len(rule["alert"]) <= 40


@pytest.mark.parametrize("rule", ALERTS)
def test_labels_are_those_that_routing_knows(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["labels"]["level"] in {"P1", "P2", "P3", "P4"}
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
    assert _compares(promql_parser.parse(rule["expr"]))


@pytest.mark.parametrize("rule", ALERTS)
def test_an_expression_uses_what_exists_and_words_use_what_it_keeps(rule: dict[str, Any]) -> None:
    kept = _kept(promql_parser.parse(rule["expr"]))
    assert kept is not None
    assert "job" in kept
    for text in rule["annotations"].values():
        optional = set(re.findall(r"\{\{ with \$labels\.(\w+) \}\}", text))
        used = set(re.findall(r"\$labels\.(\w+)", text))
        # A target's own labels are not known beforehand; `with` says nothing where there is none.
        assert used <= kept | (optional if rule["labels"].get("signal") == "scrape" else set())


@pytest.mark.parametrize("rule", ALERTS)
def test_the_runbook_exists_with_its_four_sections(rule: dict[str, Any]) -> None:
    page = config_root() / "docs" / "runbooks" / f"{rule['alert']}.md"
    assert rule["annotations"]["runbook_url"] == f"{SHIPPED.links.runbooks}/{rule['alert']}"
    headings = re.findall(r"(?m)^## (.*)$", page.read_text(encoding="utf-8"))
    assert headings == ["Meaning", "Impact", "Diagnosis", "Mitigation"]


@pytest.mark.parametrize("file", ["alerts", "records"])
def test_groups_are_small_and_quick(file: str) -> None:
    groups = _groups(SHIPPED, file)
    assert len({group["name"] for group in groups}) == len(groups)
    for group in groups:
        assert 0 < len(group["rules"]) <= 20
        assert seconds(group["interval"]) <= 60


def test_records_are_named_level_metric_operation_with_the_window() -> None:
    for group in _groups(SHIPPED, "records"):
        for rule in group["rules"]:
            level, _, operation = rule["record"].split(":")
            assert level in {"call", "query", "chain", "tool", "job"}
            assert f"[{re.sub('^[a-z]+', '', operation)}]" in rule["expr"]
            _kept(promql_parser.parse(rule["expr"]))


@pytest.mark.parametrize("confirmed", [True, False])
def test_no_two_rules_make_the_same_alert(confirmed: bool) -> None:
    names = [name for name, knobs in SHIPPED.plain()["alerts"].items() if "confirmed" in knobs]
    config = SHIPPED.merged({"alerts": {name: {"confirmed": confirmed} for name in names}})
    made = [(rule["alert"], *sorted(rule["labels"].items())) for rule in _alerts(config)]
    assert len(set(made)) == len(made)


def test_levels_fall_with_the_tiers() -> None:
    """Inhibition goes by level: within an alert a higher tier must have a higher one."""
    for confirmed in (True, False):
        config = SHIPPED.merged({"alerts": {"HighQueryErrorRate": {"confirmed": confirmed}}})
        levels = [rule["labels"]["level"] for rule in _alerts(config) if rule["alert"] == "HighQueryErrorRate"]
        assert levels == sorted(levels, reverse=True)


# -- every number comes from heliograph.yaml ---------------------------------------------------------------------------


def _of(config: Config, name: str) -> list[dict[str, Any]]:
    return [rule for rule in _alerts(config) if rule["alert"] == name]


@pytest.mark.parametrize("name", ["HighLLMLatency", "HighHourlyTokens"])
def test_confirming_a_threshold_wakes_people(name: str) -> None:
    assert [rule["labels"]["severity"] for rule in _of(SHIPPED, name)] == ["warning", "warning"]
    assert "has not confirmed" in _of(SHIPPED, name)[1]["annotations"]["description"]
    confirmed = _of(SHIPPED.merged({"alerts": {name: {"confirmed": True}}}), name)
    assert [(rule["labels"]["severity"], rule["labels"]["level"]) for rule in confirmed] == [
        ("warning", "P3"),
        ("critical", "P2"),
    ]
    assert "has not confirmed" not in confirmed[1]["annotations"]["description"]


def test_a_tier_that_is_null_is_gone() -> None:
    config = SHIPPED.merged({"alerts": {"HighLLMErrorRate": {"warning": None}, "HighDailyCost": {"critical": 500}}})
    assert [rule["labels"]["level"] for rule in _of(config, "HighLLMErrorRate")] == ["P2"]
    assert [rule["labels"]["level"] for rule in _of(config, "HighDailyCost")] == ["P4", "P2"]
    none = SHIPPED.merged({"alerts": {"HighQuotaUse": {"warning": None, "critical": None}}})
    assert _of(none, "HighQuotaUse") == []
    assert all(group["rules"] for group in _groups(none))


@pytest.mark.parametrize("name", [name for name in SHIPPED.plain()["alerts"] if name != "ServiceDown"])
def test_each_knob_of_an_alert_turns_its_rules(name: str) -> None:
    known = SHIPPED.plain()["alerts"][name]
    knobs: dict[str, Any] = {"for": "7s", "keep_firing_for": "17s", "window": "23m", "warning": 1.25, "critical": 61.5}
    knobs |= {"minimum": 37.0} if "minimum" in known else {}
    config = SHIPPED.merged({"alerts": {name: knobs | ({"p1": 77.5} if "p1" in known else {})}})
    records = "".join(rule["expr"] for group in _groups(config, "records") for rule in group["rules"])
    for rule, threshold in zip(_of(config, name), ("1.25", "61.5", "77.5"), strict=False):
        assert (rule["for"], rule["keep_firing_for"]) == ("7s", "17s")
        assert re.search(rf"> {re.escape(threshold)}\b", rule["expr"])
        assert threshold in rule["annotations"]["description"]
        assert "[23m]" in rule["expr"] or (rule["expr"].count("rate23m") == 1 and "[23m]" in records)
        assert ">= 37" in rule["expr"] or "minimum" not in known


def test_each_knob_of_service_down_turns_its_rules() -> None:
    knobs = {"for": "7s", "keep_firing_for": "17s", "heartbeat_age": "1m30s", "heartbeat_lookback": "2h"}
    scrape, heartbeat = _of(SHIPPED.merged({"alerts": {"ServiceDown": knobs}}), "ServiceDown")
    assert (
        (scrape["for"], scrape["keep_firing_for"]) == (heartbeat["for"], heartbeat["keep_firing_for"]) == ("7s", "17s")
    )
    assert "> 90\n" in heartbeat["expr"]
    assert heartbeat["expr"].count("[2h]") == 3


def test_links_follow_heliograph_yaml() -> None:
    links = {
        "grafana": "https://g.example.com",
        "jaeger": "https://j.example.com/ui",
        "runbooks": "https://r.example.com",
    }
    words = _of(SHIPPED.merged({"links": links}), "HighLLMErrorRate")[0]["annotations"]
    assert words["dashboard_url"].startswith("https://g.example.com/d/heliograph-llm-overview/")
    assert words["trace_url"].startswith("https://j.example.com/ui/search?")
    assert words["runbook_url"] == "https://r.example.com/HighLLMErrorRate"


def test_groups_are_evaluated_as_often_as_heliograph_yaml_says() -> None:
    config = SHIPPED.merged({"intervals": {"evaluation": "9s", "recording": "11s"}})
    assert {group["interval"] for group in _groups(config)} == {"9s"}
    assert {group["interval"] for group in _groups(config, "records")} == {"11s", "1m"}


def test_numbers_are_written_as_people_write_them() -> None:
    config = SHIPPED.merged({"alerts": {"HighHourlyCost": {"warning": 0.1, "critical": 1_000_000.0}}})
    assert [rule["expr"].split("> ")[1].strip() for rule in _of(config, "HighHourlyCost")] == ["0.1", "1000000"]
