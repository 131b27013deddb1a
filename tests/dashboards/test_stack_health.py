"""The board about the stack itself: its figures and lines are those of the alerts, and its zeros are measured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.config import load, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    Panels = Mapping[str, Any]

FILE = "dashboards/generated/stack-health.json"
# Panel → alert whose thresholds it shows.
THRESHOLDS = {
    "Fullest queue": "CollectorQueueFilling",
    "Queues": "CollectorQueueFilling",
    "Fullest disk": "DiskFilling",
    "Disks": "DiskFilling",
    "Series in memory": "HighCardinality",
}
# Panel → alert whose runbook it leads to; nothing of it is normal.
RUNBOOKS = {
    "Servers down": "ServiceDown",
    "Records lost": "TelemetryLost",
    "Records refused": "TelemetryRefused",
    "Alerts not delivered": "NotificationsFailing",
    "Rules that failed or were left out": "RulesFailing",
    "Dead-man switch": "Watchdog",
    "Canary: what arrives": "CanaryMissing",
    "Canary: calls missed": "CanaryMissing",
    "Meter: late, early, refused, lost": "MeterOverloaded",
    "Age of the price list": "StalePrices",
}


def _panels(files: Mapping[str, str]) -> Panels:
    return {panel["title"]: panel for panel in json.loads(files[FILE])["panels"]}


@pytest.fixture(scope="module")
def panels(files: Mapping[str, str]) -> Panels:
    return _panels(files)


def test_it_keeps_its_address(files: Mapping[str, str]) -> None:
    assert json.loads(files[FILE])["uid"] == "heliograph-stack-health"


def test_key_figures_fit_one_row(panels: Panels) -> None:
    first = [title for title, panel in panels.items() if panel["type"] == "stat"]
    assert first == [
        *("Servers down", "Records lost", "Records refused", "Fullest queue", "Fullest disk", "Alerts not delivered"),
    ]
    assert {panels[title]["gridPos"]["y"] for title in first} == {1}


def test_lines_and_colours_are_those_of_the_alerts() -> None:
    """Checked with other numbers than the shipped ones, so that none can have been typed into the board."""
    alerts: dict[str, dict[str, float]] = {name: {"warning": 11, "critical": 22} for name in THRESHOLDS.values()}
    changed = render(
        load().merged({"alerts": alerts, "meter": {"waiting": 1234}, "prices": {"max_age_days": 7}}),
    )
    panels = _panels(changed)
    for title, name in {
        **THRESHOLDS,
        **dict.fromkeys(("Meter: waiting and undelivered", "Age of the price list")),
    }.items():
        steps = [step["value"] for step in panels[title]["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]
        assert steps == ([11, 22] if name else [1234] if "waiting" in title else [7 * 86400])


@pytest.mark.parametrize("title", [*THRESHOLDS, *RUNBOOKS])
def test_what_is_wrong_leads_to_its_runbook(panels: Panels, title: str) -> None:
    name = (THRESHOLDS | RUNBOOKS)[title]
    assert f"http://localhost:8025/runbooks/{name}" in [link["url"] for link in panels[title]["links"]]


@pytest.mark.parametrize("title", ["Records lost", "Records refused", "Turned away", "Lost"])
def test_a_zero_is_computed_from_what_is_there(panels: Panels, title: str) -> None:
    """Each counter that its first failure makes has something beside it that is always there."""
    for target in panels[title]["targets"]:
        parts = target["expr"].split(" + ")
        assert all(" or 0 * sum" in part for part in parts), target["expr"]


def test_a_state_is_told_in_words(panels: Panels) -> None:
    timelines = [panel for panel in panels.values() if panel["type"] == "state-timeline"]
    assert len(timelines) == 4
    for panel in timelines:
        (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
        assert mapping["options"].keys() == {"0", "1"}
