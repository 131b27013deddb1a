"""What Grafana and its users would stumble over, in every board that is rendered."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest

from heliograph.config import load, render
from heliograph.genai.vocabulary import METRICS, MetricSpec, prometheus_name

if TYPE_CHECKING:
    from collections.abc import Iterator

BOARDS: dict[str, dict[str, Any]] = {
    name.rpartition("/")[2]: json.loads(text)
    for name, text in render(load()).items()
    if name.startswith("dashboards/generated/")
}
KINDS = {"bargauge", "heatmap", "logs", "row", "stat", "table", "timeseries"}
# What Prometheus itself provides.
FOREIGN = {"ALERTS": {"alertname", "alertstate", "severity", "level", "job", "model"}}
RESOURCE = {"job", "instance", "deployment_environment_name", "service_version"}
LABELS = {prometheus_name(spec): {*spec.labels, *RESOURCE} for spec in METRICS} | FOREIGN
COUNTERS = {prometheus_name(spec) for spec in METRICS if spec.kind == "counter"}
HISTOGRAMS = {prometheus_name(spec) for spec in METRICS if spec.kind == "histogram"}
PARTS = {name + part for name in HISTOGRAMS for part in ("_bucket", "_count", "_sum")}


def _panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


NAMED = {
    f"{name}: {panel['title']}": panel
    for name, board in BOARDS.items()
    for panel in _panels(board)
    if panel["type"] != "row"
}
PANELS = [pytest.param(panel, id=name) for name, panel in NAMED.items()]
QUERIES = [
    pytest.param(target["expr"], panel, id=f"{name} {target['refId']}")
    for name, panel in NAMED.items()
    for target in panel["targets"]
    if target["datasource"]["type"] == "prometheus"
]


def _parse(expr: str) -> Any:
    """Return the syntax tree; Grafana's own variables become durations that PromQL knows."""
    return promql_parser.parse(expr.replace("$__rate_interval", "1m").replace("$__range", "1h"))


def _walk(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    yield node, above
    below = (*above, node)
    match node:
        case promql_parser.BinaryExpr():
            yield from _walk(node.lhs, below)
            yield from _walk(node.rhs, below)
        case promql_parser.Call():
            for argument in node.args:
                yield from _walk(argument, below)
        case promql_parser.MatrixSelector():
            yield from _walk(node.vector_selector, below)
        case promql_parser.AggregateExpr() | promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            yield from _walk(node.expr, below)


def _selectors(expr: str) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    for node, above in _walk(_parse(expr)):
        if isinstance(node, promql_parser.VectorSelector):
            yield node, above


def _base(name: str) -> str:
    return re.sub("_(bucket|count|sum)$", "", name) if name in PARTS else name


def test_uids_and_titles_are_unique() -> None:
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


def test_the_overview_keeps_its_address() -> None:
    """Links in notifications and bookmarks lead there."""
    assert BOARDS["llm-overview.json"]["uid"] == "heliograph-llm-overview"


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_is_not_edited_by_hand(name: str) -> None:
    board = BOARDS[name]
    assert board["editable"] is False
    assert re.search(r"Generated from .*; edit there\.", board["description"])


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_refreshes_as_heliograph_yaml_says(name: str) -> None:
    config = load()
    board = BOARDS[name]
    assert board["refresh"] == config.dashboards.refresh
    assert board["time"] == {"from": config.dashboards.time_from, "to": "now"}


@pytest.mark.parametrize("name", BOARDS)
def test_variables_offer_all_and_follow_the_time_range(name: str) -> None:
    for variable in BOARDS[name]["templating"]["list"]:
        if variable["type"] == "datasource":
            continue
        assert variable["refresh"] == 2, variable["name"]
        assert variable["includeAll"], variable["name"]
        assert variable["datasource"]["uid"] == "${datasource}"
        (selector,) = re.findall(r"label_values\((.*), (\w+)\)", variable["definition"])
        assert selector[1] in LABELS[selector[0].partition("{")[0]], variable["name"]
        promql_parser.parse(selector[0])


def test_the_overview_has_the_variables_of_an_alert_link() -> None:
    names = [variable["name"] for variable in BOARDS["llm-overview.json"]["templating"]["list"]]
    assert names == ["datasource", "logs", "environment", "service", "model", "chain", "tenant"]


@pytest.mark.parametrize("name", BOARDS)
def test_every_variable_that_is_used_exists(name: str) -> None:
    board = BOARDS[name]
    known = {variable["name"] for variable in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board))) - {
        "__all",
        "__rate_interval",
        "__range",
        "__field",
        "__url_time_range",
    }
    assert used <= known


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_ids_and_places_of_their_own(name: str) -> None:
    panels = list(_panels(BOARDS[name]))
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


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["type"] in KINDS
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["targets"]
    if panel["type"] != "logs":
        assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_without_anything_to_show_says_so_in_words(panel: dict[str, Any]) -> None:
    """A counter that may be absent is no fault; "No data" looks like one."""
    always = all("or vector(0)" in target["expr"] for target in panel["targets"])
    assert always or panel["fieldConfig"]["defaults"]["noValue"].startswith(("no ", "nothing ", "unknown"))


@pytest.mark.parametrize("panel", PANELS)
def test_a_lone_bar_keeps_its_name(panel: dict[str, Any]) -> None:
    if panel["type"] == "bargauge":
        assert panel["fieldConfig"]["defaults"]["displayName"]


# Label of a series → the variable that narrows the board to it.
DRILL = {"model": "model", "job": "service"}


@pytest.mark.parametrize("panel", PANELS)
def test_a_series_leads_to_the_board_for_it_alone(panel: dict[str, Any]) -> None:
    if panel["type"] != "timeseries":
        return
    legends = re.findall(r"{{(\w+)}}", " ".join(target["legendFormat"] for target in panel["targets"]))
    links = {link["title"]: link["url"] for link in panel["fieldConfig"]["defaults"].get("links", [])}
    wanted = {label for label in legends if label in DRILL}
    assert {f"Only ${{__field.labels.{label}}}" for label in wanted} <= links.keys()
    names = [variable["name"] for variable in BOARDS["llm-overview.json"]["templating"]["list"]]
    for label in wanted:
        path, _, query = links[f"Only ${{__field.labels.{label}}}"].partition("?")
        assert path == f"/d/{BOARDS['llm-overview.json']['uid']}"
        kept = [f"${{{name}:queryparam}}" for name in sorted(names) if name != DRILL[label]]
        narrowed = f"var-{DRILL[label]}=${{__field.labels.{label}}}"
        assert query.split("&") == ["${__url_time_range}", *kept, narrowed]


@pytest.mark.parametrize("panel", PANELS)
def test_a_target_asks_the_data_source_that_was_chosen(panel: dict[str, Any]) -> None:
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH"[: len(panel["targets"])])
    for target in panel["targets"]:
        assert target["datasource"]["uid"] in {"${datasource}", "${logs}"}
        assert target["datasource"] == panel["datasource"]


@pytest.mark.parametrize(("expr", "panel"), QUERIES)
def test_a_query_uses_metrics_and_labels_that_exist(expr: str, panel: dict[str, Any]) -> None:
    del panel
    for selector, _ in _selectors(expr):
        name = _base(selector.name)
        assert name in LABELS
        labels = LABELS[name] | ({"le"} if selector.name.endswith("_bucket") else set())
        assert {matcher.name for matcher in selector.matchers.matchers} <= labels
    for node, _ in _walk(_parse(expr)):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            below = {_base(selector.name) for selector, _ in _selectors_of(node)}
            for name in below:
                assert set(node.modifier.labels) - {"le"} <= LABELS[name]


def _selectors_of(node: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    return ((below, above) for below, above in _walk(node) if isinstance(below, promql_parser.VectorSelector))


@pytest.mark.parametrize(("expr", "panel"), QUERIES)
def test_counters_are_rated_and_gauges_are_not(expr: str, panel: dict[str, Any]) -> None:
    del panel
    for selector, above in _selectors(expr):
        calls = {node.func.name for node in above if isinstance(node, promql_parser.Call)}
        if selector.name in COUNTERS | PARTS:
            assert calls & {"rate", "increase"}, selector.name
        else:
            assert not calls & {"rate", "increase"}, selector.name


@pytest.mark.parametrize(("expr", "panel"), QUERIES)
def test_graphs_rate_over_the_interval_that_fits_their_width(expr: str, panel: dict[str, Any]) -> None:
    windows = set(re.findall(r"\[([^\]]+)\]", expr))
    if panel["type"] == "timeseries":
        assert windows <= {"$__rate_interval"}
    else:  # a key figure looks back as far as its alert, or a stated time that its description names
        assert "$__rate_interval" not in windows


@pytest.mark.parametrize(("expr", "panel"), QUERIES)
def test_every_query_obeys_service_and_environment(expr: str, panel: dict[str, Any]) -> None:
    del panel
    for selector, _ in _selectors(expr):
        matched = {matcher.name for matcher in selector.matchers.matchers}
        wanted = {"job"} if selector.name == "ALERTS" else {"job", "deployment_environment_name"}
        assert wanted <= matched
        if "model" in LABELS[_base(selector.name)] and selector.name != "ALERTS":
            assert "model" in matched


@pytest.mark.parametrize("panel", PANELS)
def test_times_show_single_traces(panel: dict[str, Any]) -> None:
    """Once: p50, p95 and p99 have the same exemplars. Only times: one call's cost is nothing beside an hour's."""
    if panel["type"] == "timeseries":
        timed = any("_bucket" in target["expr"] for target in panel["targets"])
        assert [target["exemplar"] for target in panel["targets"]].count(True) == (1 if timed else 0)


# Panel → alert whose thresholds it must show.
THRESHOLDS = {
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
}


def test_thresholds_are_those_of_the_alerts() -> None:
    """Checked with other numbers than the shipped ones, so that none can have been typed into a board."""
    alerts = load().plain()["alerts"]
    changed = {
        name: {tier: value + 0.5 for tier in ("warning", "critical") if (value := alerts[name][tier]) is not None}
        for name in set(THRESHOLDS.values())
    }
    files = render(load().merged({"alerts": changed}))
    board = json.loads(files["dashboards/generated/llm-overview.json"])
    shown = {
        panel["title"]: [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]
        for panel in board["panels"]
        if panel["title"] in THRESHOLDS
    }
    assert shown == {title: list(changed[name].values()) for title, name in THRESHOLDS.items()}
    room = {p["title"]: p.get("fieldConfig", {}).get("defaults", {}).get("custom", {}) for p in board["panels"]}
    for title in ("Call error rate by model", "Query error rate"):
        assert room[title]["axisSoftMax"] == 1.5 * max(changed[THRESHOLDS[title]].values())
    links = {p["title"]: [link["url"] for link in p.get("links", [])] for p in board["panels"]}
    for title, name in THRESHOLDS.items():
        assert f"http://localhost:8025/runbooks/{name}" in links[title]


# What requirement D1 lists → the panel that shows it.
OVERVIEW = {
    "requests/min by model": "Calls per minute by model",
    "requests/min by status": "Calls per minute by status",
    "24 h cost": "Cost, 24 h",
    "tokens by model": "Tokens per minute by model",
    "p50/p95/p99 latency": "Call latency",
    "error rate": "Query error rate",
    "active sessions": "Active sessions",
    "time to first token": "Time to first token",
    "quota used": "Quota used by model",
}


@pytest.mark.parametrize("wanted", OVERVIEW)
def test_the_overview_has(wanted: str) -> None:
    assert OVERVIEW[wanted] in {panel["title"] for panel in BOARDS["llm-overview.json"]["panels"]}


def test_key_figures_come_first() -> None:
    first, *others = BOARDS["llm-overview.json"]["panels"]
    assert (first["type"], first["title"]) == ("row", "Key figures")
    assert {panel["type"] for panel in others if panel["gridPos"]["y"] == 1} == {"stat"}


@pytest.mark.parametrize("name", BOARDS)
def test_links_lead_to_the_stack(name: str) -> None:
    """None names a variable: "All" means nothing outside of Grafana."""
    urls = [link["url"] for link in BOARDS[name]["links"]]
    assert urls == ["http://localhost:16686/search", "http://localhost:9093", "http://localhost:9090"]


def test_metric_names_have_two_homes_that_agree() -> None:
    import rjsonnet

    from heliograph.stack._paths import config_root

    text = rjsonnet.evaluate_file(str(config_root() / "dashboards/lib/metrics.libsonnet"))
    spelled = {metric["name"]: metric["type"] for metric in json.loads(text).values()}
    assert spelled == {prometheus_name(spec): spec.kind for spec in METRICS}


def test_metric_names_are_spelled_nowhere_else() -> None:
    from heliograph.stack._paths import config_root

    root = config_root()
    names = [_pattern(spec) for spec in METRICS]
    for folder in ("prometheus", "dashboards", "alertmanager"):
        for file in (root / folder).rglob("*sonnet"):
            if file.name not in {"metrics.libsonnet", "events.libsonnet", "records.libsonnet"}:
                text = re.sub(r"(?m)^\s*//.*$", "", file.read_text(encoding="utf-8"))
                assert [name for name in names if re.search(name, text)] == [], file


def _pattern(spec: MetricSpec) -> str:
    return rf"\b{prometheus_name(spec)}(_bucket|_count|_sum)?\b"
