"""What Grafana and its users would stumble over, in every board that is rendered."""

from __future__ import annotations

import json
import re
from typing import Any

import promql_parser
import pytest

from heliograph.config import load

Json = dict[str, Any]

# Board → its address, which notifications and bookmarks know.
UIDS = {
    "agents": "heliograph-agents",
    "business": "heliograph-business",
    "cost": "heliograph-cost",
    "llm-overview": "heliograph-llm-overview",
    "queries": "heliograph-queries",
}
STANDARD = ["datasource", "logs", "traces", "environment", "service", "model", "chain", "tenant"]
HIDDEN = 2
# Variables that Grafana itself provides.
GRAFANA = {"__all", "__field", "__from", "__interval", "__interval_ms", "__range", "__rate_interval", "__to"}
GRAFANA |= {"__series", "__url_time_range", "__value"}


def test_boards_keep_their_addresses(by_name: dict[str, Any]) -> None:
    assert {name: by_name[name].model["uid"] for name in UIDS} == UIDS


def test_uids_and_titles_are_unique(by_name: dict[str, Any]) -> None:
    for key in ("uid", "title"):
        assert len({board.model[key] for board in by_name.values()}) == len(by_name)


def test_a_board_is_not_edited_by_hand(board: Any) -> None:
    assert board.model["editable"] is False
    assert re.search(r"Generated from .*; edit there\.", board.model["description"])


def test_a_board_refreshes_as_heliograph_yaml_says(board: Any) -> None:
    config = load()
    assert board.model["refresh"] == config.dashboards.refresh
    assert board.model["time"] == {"from": config.dashboards.time_from, "to": "now"}


def test_key_figures_come_first(board: Any) -> None:
    first, *others = board.model["panels"]
    assert (first["type"], first["title"]) == ("row", "Key figures")
    assert {panel["type"] for panel in others if panel["gridPos"]["y"] == 1} == {"stat"}


def test_panels_have_ids_and_places_of_their_own(board: Any) -> None:
    panels = board.model["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_no_row_has_holes(board: Any) -> None:
    """A panel that is added or left out leaves its neighbours with the whole width."""
    lines: dict[int, int] = {}
    for panel in board.model["panels"]:
        lines[panel["gridPos"]["y"]] = lines.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(lines.values()) == {24}


def test_variables_are_the_same_everywhere(board: Any) -> None:
    """A link from board to board hands on what was chosen, even where it is not obeyed and therefore hidden."""
    assert [name for name in board.variables if name in STANDARD] == STANDARD


def test_lists_of_values_offer_all_and_follow_the_time_range(board: Any) -> None:
    for name, variable in board.variables.items():
        if variable["type"] != "query":
            continue
        assert variable["refresh"] == 2, name
        assert variable["datasource"]["uid"] == "${datasource}"
        if name in STANDARD:
            assert variable["includeAll"], name
            assert variable["multi"], name
            assert variable["allValue"] in {".*", "..*"}, name


def test_every_variable_that_is_used_exists_and_every_one_that_is_shown_is_used(board: Any) -> None:
    # In a query, or within a link to Explore, where the dollar sign stands before encoded text.
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board.model))) - GRAFANA
    assert used <= board.variables.keys()
    queried = set(re.findall(r"\$\{?(\w+)", json.dumps([p["targets"] for p in board.panels])))
    shown = {name for name, variable in board.variables.items() if variable["hide"] != HIDDEN}
    assert shown <= queried


def test_annotations_show_alerts_deployments_and_incidents(board: Any) -> None:
    annotations = {each["name"]: each for each in board.model["annotations"]["list"]}
    assert list(annotations) == ["Critical alerts", "Deployments", "Incidents"]
    assert annotations["Incidents"]["target"]["tags"] == ["incident"]
    for name in ("Critical alerts", "Deployments"):
        promql_parser.parse(annotations[name]["expr"])


# What the requirements list → the board and the panel that shows it.
REQUIRED = {
    "D1 requests/min by model": ("llm-overview", "Calls per minute by model"),
    "D1 requests/min by status": ("llm-overview", "Calls per minute by status"),
    "D1 24 h cost": ("llm-overview", "Cost, 24 h"),
    "D1 tokens by model": ("llm-overview", "Tokens per minute by model"),
    "D1 p50/p95/p99 latency": ("llm-overview", "Call latency"),
    "D1 error rate": ("llm-overview", "Query error rate"),
    "D1 active sessions": ("llm-overview", "Active sessions"),
    "D1 time to first token": ("llm-overview", "Time to first token"),
    "D1 quota used": ("llm-overview", "Quota used by model"),
    "D2 by model": ("cost", "By model, 24 h"),
    "D2 by tenant": ("cost", "By tenant, 24 h"),
    "D2 by user": ("cost", "Top 10 users"),
    "D2 daily projection": ("cost", "Projected for a day, by service"),
    "D2 hourly rate against thresholds": ("cost", "Hourly cost by service"),
    "D2 cost per query": ("cost", "Cost per query"),
    "D2 wasted USD": ("cost", "Wasted per hour, by reason"),
    "D2 unpriced tokens": ("cost", "Unpriced tokens per minute, by model"),
    "D2 cache savings": ("cost", "Cached input by model"),
    "D4 node durations": ("agents", "Duration by chain, p95"),
    "D4 steps per run": ("agents", "Steps per query, spread"),
    "D4 tool errors": ("agents", "Error rate by tool"),
    "D4 repeated calls": ("agents", "Identical calls within one query"),
    "D4 retries": ("agents", "Client retries per minute"),
    "D5 slow queries": ("queries", "Slow queries"),
    "D5 expensive queries": ("queries", "Expensive queries"),
    "D5 popular query types": ("queries", "Popular types, 24 h"),
    "D5 queries per user": ("queries", "Top 10 users"),
    "D8 active users": ("business", "Users"),
    "D8 queries per user": ("business", "Queries per user"),
    "D8 cost per query": ("business", "Cost per query"),
    "D8 retention": ("business", "Came back"),
}


@pytest.mark.parametrize("wanted", REQUIRED)
def test_what_is_required_is_there(wanted: str, by_name: dict[str, Any]) -> None:
    board, title = REQUIRED[wanted]
    assert title in {panel["title"] for panel in by_name[board].panels}
