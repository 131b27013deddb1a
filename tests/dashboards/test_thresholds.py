"""Lines and colours are drawn at the numbers of heliograph.yaml, which are never typed into a board."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heliograph.config import load, render

# Board → panel → alert whose thresholds it shows.
SHOWN = {
    "llm-overview": {
        "Queries failed": "HighQueryErrorRate",
        "Query p95": "HighQueryLatency",
        "Cost, 24 h": "HighDailyCost",
        "Quota used": "HighQuotaUse",
        "Call error rate by model": "HighLLMErrorRate",
        "Query error rate": "HighQueryErrorRate",
        "Query time": "HighQueryLatency",
        "Call latency": "HighLLMLatency",
        "Call latency by model, p95": "HighLLMLatency",
        "Cost per hour by model": "HighHourlyCost",
        "Quota used by model": "HighQuotaUse",
    },
    "cost": {
        "Cost, 24 h": "HighDailyCost",
        "Projected for a day": "HighDailyCost",
        "Costliest service": "HighHourlyCost",
        "Query p95": "HighQueryCost",
        "Wasted, 24 h": "HighWastedCost",
        "Cost per hour by model": "HighHourlyCost",
        "Cost per hour by tenant": "HighTenantCost",
        "Hourly cost by service": "HighHourlyCost",
        "Projected for a day, by service": "HighDailyCost",
        "Cost per query": "HighQueryCost",
    },
    "agents": {
        "Worst chain": "HighPipelineErrorRate",
        "Duration by chain, p95": "HighPipelineLatency",
        "Error rate by chain": "HighPipelineErrorRate",
    },
    "queries": {
        "Failed": "HighQueryErrorRate",
        "Time p95": "HighQueryLatency",
        "Cost p95": "HighQueryCost",
        "Query time by type, p95": "HighQueryLatency",
        "Query time by chain, p95": "HighQueryLatency",
        "Error rate by type": "HighQueryErrorRate",
        "Error rate by chain": "HighQueryErrorRate",
    },
}
NAMES = {name for panels in SHOWN.values() for name in panels.values()}
TIERS = ("warning", "critical")


def _panels(files: dict[str, str], board: str) -> dict[str, Any]:
    return {p["title"]: p for p in json.loads(files[f"dashboards/generated/{board}.json"])["panels"]}


def _steps(panel: dict[str, Any]) -> list[float]:
    return [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]


@pytest.fixture(scope="module")
def changed() -> dict[str, dict[str, float]]:
    """Other numbers than the shipped ones."""
    alerts = load().plain()["alerts"]
    return {n: {t: v + 0.5 for t in TIERS if (v := alerts[n][t]) is not None} for n in NAMES}


@pytest.fixture(scope="module")
def boards_of_changed(changed: dict[str, dict[str, float]]) -> dict[str, str]:
    changes: dict[str, Any] = {
        "alerts": {**changed, "RunawayAgent": {"steps": 7, "repeats": 3}},
        "budgets": {"spent": [60, 70, 90], "limits": {"all-services": {"usd": 250}}},
    }
    return dict(render(load().merged(changes)))


@pytest.mark.parametrize("name", SHOWN)
def test_thresholds_are_those_of_the_alerts(
    name: str, changed: dict[str, dict[str, float]], boards_of_changed: dict[str, str]
) -> None:
    panels = _panels(boards_of_changed, name)
    for title, alert in SHOWN[name].items():
        assert _steps(panels[title]) == list(changed[alert].values()), title
        assert f"http://localhost:8025/runbooks/{alert}" in [link["url"] for link in panels[title]["links"]]
        soft = panels[title]["fieldConfig"]["defaults"].get("custom", {}).get("axisSoftMax")
        assert soft in {None, 1.5 * max(changed[alert].values())}


def test_no_other_panel_shows_thresholds_of_its_own(panel: dict[str, Any], of: Any) -> None:
    others = {"Firing alerts", "Unpriced, 24 h", "Steps p95", "Most repeated call", "Steps per query by chain, p95"}
    others |= {"Identical calls within one query", "Budget spent", "Budget spent, now"}
    if of.name in SHOWN and panel["title"] not in others and panel["type"] in {"stat", "timeseries", "bargauge"}:
        assert bool(_steps(panel)) == (panel["title"] in SHOWN[of.name])


def test_runaways_begin_where_the_alert_does(boards_of_changed: dict[str, str]) -> None:
    panels = _panels(boards_of_changed, "agents")
    assert _steps(panels["Steps p95"]) == _steps(panels["Steps per query by chain, p95"]) == [7]
    assert _steps(panels["Most repeated call"]) == _steps(panels["Identical calls within one query"]) == [3]
    expr = panels["Runaway queries"]["targets"][0]["expr"]
    assert expr.endswith("| llm_calls >= 7 or query_cost_usd >= 5 or identical_calls >= 3")


def test_budgets_are_those_of_the_file(boards_of_changed: dict[str, str]) -> None:
    panels = _panels(boards_of_changed, "cost")
    assert _steps(panels["Budget spent"]) == [60, 90]  # the first warns, the last one wakes
    assert panels["Budget spent"]["targets"][0]["expr"].endswith("/ 250")


def test_without_budgets_the_board_has_no_row_for_them() -> None:
    config = load()
    plain = config.plain()
    plain["budgets"]["limits"] = {}
    files = render(type(config).model_validate({**plain, "budgets": plain["budgets"]}))
    assert not [title for title in _panels(dict(files), "cost") if title.startswith("Budget")]
