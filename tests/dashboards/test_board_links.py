"""Links of boards and panels lead somewhere that exists."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from ruamel.yaml import YAML

from heliograph.config import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]

RUNBOOKS = "http://localhost:8025/runbooks/"


def _links(panel: Json) -> Iterator[Json]:
    yield from panel.get("links", [])
    config = panel["fieldConfig"]
    yield from config["defaults"].get("links", [])
    for override in config["overrides"]:
        for each in override["properties"]:
            if each["id"] == "links":
                yield from each["value"]


@pytest.fixture(scope="module")
def alerts(files: Mapping[str, str]) -> set[str]:
    found = set(load().plain()["alerts"])  # those of Loki's ruler, too
    for group in YAML(typ="safe").load(files["prometheus/generated/alerts.yaml"])["groups"]:
        found |= {rule["alert"] for rule in group["rules"]}
    return found


def test_a_panel_leads_to_runbooks_boards_and_explore(panel: Json, by_name: dict[str, Any], alerts: set[str]) -> None:
    uids = {board.model["uid"] for board in by_name.values()}
    for link in _links(panel):
        url = link["url"]
        if url.startswith(RUNBOOKS):
            assert url.removeprefix(RUNBOOKS) in alerts
        elif url.startswith("/d/"):
            assert url.removeprefix("/d/").partition("?")[0] in uids
        elif url.startswith("/explore?left="):
            opened = json.loads(unquote(url.partition("left=")[2]))
            assert opened["datasource"] in {"${logs}", "${traces}"}
            assert opened["range"] == {"from": "${__from}", "to": "${__to}"}
        else:
            assert url.startswith(("http://localhost:16686", "http://localhost:9093"))


def test_an_address_holds_nothing_that_a_browser_changes(panel: Json) -> None:
    for link in _links(panel):
        assert not re.search(r'[\s"|+<>\\]', link["url"]), link["url"]


def test_explore_is_given_all_that_was_chosen_as_a_regular_expression(panel: Json) -> None:
    """`${service}` alone would be {a,b} for two services, which Loki does not know."""
    for link in _links(panel):
        if link["url"].startswith("/explore") and "logs" in link["url"].partition("queries")[0]:
            assert "${service:pipe}" in link["url"]
            assert "$service" not in link["url"]


def test_links_of_a_board(board: Any) -> None:
    """The other boards keep what was chosen; the servers' own pages would not know what "All" means."""
    others, *servers = board.model["links"]
    assert (others["type"], others["tags"]) == ("dashboards", ["heliograph"])
    assert others["includeVars"]
    assert others["keepTime"]
    assert board.model["tags"] == ["heliograph"]
    urls = [link["url"] for link in servers]
    assert urls == ["http://localhost:16686/search", "http://localhost:9093", "http://localhost:9090"]


# Label of a series → the variable that narrows the board to it.
DRILL = {"model": "model", "job": "service", "chain": "chain", "tenant": "tenant"}
# By chain and model, the lines of these lead to Explore, or nowhere better.
STANDARD = ["chain", "datasource", "environment", "logs", "model", "service", "tenant", "traces"]


def obeys(board: Any, variable: str) -> bool:
    """Return whether the board shows the variable: 2 hides it, for handing on only."""
    return bool(board.variables[variable]["hide"] != 2)


def test_a_series_leads_to_the_board_for_it_alone(of: Any, panel: Json, by_name: dict[str, Any]) -> None:
    """To its own board; from one that does not obey the variable, to another that does."""
    if panel["type"] != "timeseries":
        return
    legends = re.findall(r"{{(\w+)}}", " ".join(target["legendFormat"] for target in panel["targets"]))
    links = {link["title"]: link["url"] for link in panel["fieldConfig"]["defaults"].get("links", [])}
    for label in {label for label in legends if label in DRILL}:
        path, _, query = links[f"Only ${{__field.labels.{label}}}"].partition("?")
        obeying = {f"/d/{board.model['uid']}" for board in by_name.values() if obeys(board, DRILL[label])}
        assert path in ({f"/d/{of.model['uid']}"} & obeying or obeying)
        kept = [f"${{{name}:queryparam}}" for name in STANDARD if name != DRILL[label]]
        narrowed = f"var-{DRILL[label]}=${{__field.labels.{label}}}"
        assert query.split("&") == ["${__url_time_range}", *kept, narrowed]


def test_a_trace_id_leads_to_its_trace(panel: Json) -> None:
    if panel["type"] != "table":
        return
    titles = {each["matcher"]["options"]: each["properties"] for each in panel["fieldConfig"]["overrides"]}
    if "Trace" in titles:
        (links,) = [each["value"] for each in titles["Trace"] if each["id"] == "links"]
        opened = json.loads(unquote(links[0]["url"].partition("left=")[2]))
        assert opened["datasource"] == "${traces}"
        assert opened["queries"][0]["query"] == "${__value.raw}"
