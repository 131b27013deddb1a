"""Rules about the stack itself: what only they have, and that their numbers are those of heliograph.yaml."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from heliograph.config import Config, load, render
from heliograph.genai.vocabulary import METRICS, prometheus_name
from heliograph.stack._paths import config_root

from ._server_metrics import server_metrics

SHIPPED = load()
NAMES = [metric["name"] for metric in server_metrics()]


def _rules(config: Config) -> list[dict[str, Any]]:
    groups = YAML(typ="safe").load(render(config)["prometheus/generated/alerts.yaml"])["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _of(config: Config, name: str) -> list[dict[str, Any]]:
    return [rule for rule in _rules(config) if rule["alert"] == name]


# alert -> its rules in heliograph.yaml's words, by `reason`; "" where it has one only
REASONS = {
    "TelemetryLost": {
        *("refused", "no_room", "vanished", "copy", "write_ahead_log", "corrupt", "too_late", "discarded", "meter"),
        *("set_aside", "application"),
    },
    "StoreCannotWrite": {"disk", "blind", "loki", "housekeeping"},
    "TelemetryRefused": {"turned_away", "receiver_failed", "left_out"},
    "MeterOverloaded": {"refused", "early"},
    "RulesFailing": {"evaluation", "no_rules"},
    "NotificationsFailing": {"not_sent", "not_delivered"},
    "CanaryMissing": {"not_arrived", "gone"},
}


@pytest.mark.parametrize("name", REASONS)
def test_an_alert_says_why(name: str) -> None:
    assert {rule["labels"]["reason"] for rule in _of(SHIPPED, name)} == REASONS[name]


def test_the_knobs_of_the_canary_turn() -> None:
    config = SHIPPED.merged(
        {"alerts": {"CanaryMissing": {"for": "7m", "keep_firing_for": "17s", "recovering": "23m"}}},
    )
    for rule in _of(config, "CanaryMissing"):
        assert (rule["for"], rule["keep_firing_for"]) == ("7m", "17s")
        assert rule["labels"]["reason"] == "gone" or "[23m]" in rule["expr"]


def test_a_canary_that_is_off_is_not_missed() -> None:
    assert _of(SHIPPED.merged({"canary": {"enabled": False}}), "CanaryMissing") == []


@pytest.mark.parametrize("name", sorted(REASONS.keys() - {"CanaryMissing"}))
def test_the_knobs_of_a_window_turn(name: str) -> None:
    config = SHIPPED.merged({"alerts": {name: {"for": "7s", "keep_firing_for": "17s", "window": "23m"}}})
    for rule in _of(config, name):
        assert (rule["for"], rule["keep_firing_for"]) == ("7s", "17s")
        # The others are states, not something that grew; accounts have a time of their own.
        if rule["labels"]["reason"] not in {"no_rules", "disk", "blind", "vanished"}:
            assert "[23m]" in rule["expr"]
            assert set(re.findall(r"offset (\w+)", rule["expr"])) <= {"23m"}
            assert re.findall(r"_uptime_seconds_total < (\d+)", rule["expr"]) in ([], ["1380"])
            assert "23m" in rule["annotations"]["description"]


def test_the_knob_of_a_queues_accounts_turns() -> None:
    rules = _of(SHIPPED.merged({"alerts": {"TelemetryLost": {"balance": "23h"}}}), "TelemetryLost")
    (rule,) = [rule for rule in rules if rule["labels"]["reason"] == "vanished"]
    assert "offset 23h" in rule["expr"]
    assert re.findall(r"_uptime_seconds_total\{job=\"collector\"} >=? ?(\d+)", rule["expr"]) == ["82800"]
    assert "in the last 23h" in rule["annotations"]["description"]


@pytest.mark.parametrize("name", ["CollectorQueueFilling", "DiskFilling", "HighCardinality"])
def test_the_knobs_of_two_tiers_turn(name: str) -> None:
    knobs = {"for": "7s", "keep_firing_for": "17s", "warning": 12, "critical": 61}
    tiers = [rule for rule in _of(SHIPPED.merged({"alerts": {name: knobs}}), name) if "> 0\n" not in rule["expr"]]
    assert [rule["labels"]["severity"] for rule in tiers] == ["warning", "critical"]
    for rule, threshold in zip(tiers, ("12", "61"), strict=True):
        assert (rule["for"], rule["keep_firing_for"]) == ("7s", "17s")
        assert rule["expr"].rstrip().endswith(f"> {threshold}")
        assert f"(threshold: {threshold}" in rule["annotations"]["description"]
    gone = _of(SHIPPED.merged({"alerts": {name: {"warning": None, "critical": None}}}), name)
    assert [rule["labels"]["reason"] for rule in gone] == (["pace"] if name == "DiskFilling" else [])


def test_when_a_store_cannot_write_is_a_knob() -> None:
    rules = _of(SHIPPED.merged({"alerts": {"StoreCannotWrite": {"full": 91, "blind": "3m"}}}), "StoreCannotWrite")
    by_reason = {rule["labels"]["reason"]: rule for rule in rules}
    assert by_reason["disk"]["expr"].rstrip().endswith("> 91")
    assert "(threshold: 91 %)" in by_reason["disk"]["annotations"]["description"]
    assert by_reason["blind"]["expr"].startswith('absent_over_time(up{job="prometheus"}[3m]) > 0\n')
    assert "for 3m" in by_reason["blind"]["annotations"]["description"]


def test_the_pace_of_a_disk_is_a_knob() -> None:
    (rule,) = (
        rule
        for rule in _of(SHIPPED.merged({"alerts": {"DiskFilling": {"full_within": "2h"}}}), "DiskFilling")
        if rule["labels"]["reason"] == "pace"
    )
    assert rule["expr"].count(", 7200)") == 2
    assert "full within 2h" in rule["annotations"]["description"]


def test_the_watchdog_fires_always_and_is_for_nobody_but_the_receiver_outside() -> None:
    (rule,) = _of(SHIPPED, "Watchdog")
    assert rule["expr"].strip() == "vector(1)"
    assert "for" not in rule
    assert rule["labels"] == {"severity": "info", "level": "P4", "team": "on-call"}


@pytest.mark.parametrize("name", [*REASONS, "CollectorQueueFilling", "DiskFilling", "ConfigReloadFailed", "Watchdog"])
def test_an_alert_about_the_stack_leads_to_its_board(name: str) -> None:
    assert _of(SHIPPED, name)
    for rule in _of(SHIPPED, name):
        assert "/d/heliograph-stack-health/stack-health?" in rule["annotations"]["dashboard_url"]


def test_names_of_servers_metrics_are_spelled_once() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert not set(NAMES) & {prometheus_name(spec) for spec in METRICS}
    pattern = re.compile(r"\b(" + "|".join(name for name in NAMES if name != "up") + r")(_bucket|_count|_sum)?\b")
    for folder in ("prometheus", "dashboards", "alertmanager", "loki"):
        for file in (config_root() / folder).rglob("*sonnet"):
            if file.name != "server_metrics.libsonnet":
                text = re.sub(r"(?m)//.*$", "", file.read_text(encoding="utf-8"))
                assert pattern.findall(text) == [], file


@pytest.mark.parametrize("metric", server_metrics(), ids=NAMES)
def test_a_servers_metric_is_described(metric: dict[str, Any]) -> None:
    assert metric["help"].endswith(".")
    assert "%" not in metric["help"]
    assert (metric["type"] == "counter") == metric["name"].endswith("_total")
    assert metric["unit"] == ("s" if "_seconds" in metric["name"] and metric["type"] != "gauge" else metric["unit"])
