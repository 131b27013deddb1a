"""PromQL of the boards: it parses, asks for what exists, and is right at every width and step of a graph."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import rjsonnet
from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.genai.vocabulary import METRICS, prometheus_name
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Iterator

# Grafana's variables, as something that PromQL knows.
GRAFANA = {"$__rate_interval": "1m", "$__range": "1h", "$__interval_ms": "30000", "$__interval": "30s"}
RESOURCE = {"job", "instance", "deployment_environment_name", "service_version"}
# What Prometheus itself provides.
FOREIGN = {"ALERTS": {"alertname", "alertstate", "severity", "level", "job", "model"}}
# Label → the variable of a board that narrows it.
CHOSEN = {
    "job": "service",
    "deployment_environment_name": "environment",
    "model": "model",
    "chain": "chain",
    "tenant": "tenant",
}
HIDDEN = 2
PARTS = {
    prometheus_name(spec) + part
    for spec in METRICS
    if spec.kind == "histogram"
    for part in ("_bucket", "_count", "_sum")
}


def parse(expr: str) -> Any:
    """Return the syntax tree."""
    for name, value in GRAFANA.items():
        expr = re.sub(re.escape(name) + r"(?!\w)", value, expr)
    return promql_parser.parse(expr)


def walk(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Go through a syntax tree: each node, and the nodes above it."""
    yield node, above
    below = (*above, node)
    match node:
        case promql_parser.BinaryExpr():
            yield from walk(node.lhs, below)
            yield from walk(node.rhs, below)
        case promql_parser.Call():
            for argument in node.args:
                yield from walk(argument, below)
        case promql_parser.MatrixSelector():
            yield from walk(node.vector_selector, below)
        case promql_parser.AggregateExpr() | promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            yield from walk(node.expr, below)
        case promql_parser.SubqueryExpr():
            yield from walk(node.expr, below)


def selectors(expr: str) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every selector of an expression, and the nodes above it."""
    return ((n, above) for n, above in walk(parse(expr)) if isinstance(n, promql_parser.VectorSelector))


def matched(selector: Any) -> set[str]:
    """Return the labels that a selector narrows."""
    return {matcher.name for matcher in selector.matchers.matchers}


@cache
def kinds() -> dict[str, str]:
    """Return every metric that is emitted → counter, gauge, part (of a histogram) or record."""
    found = {prometheus_name(spec): spec.kind for spec in METRICS} | dict.fromkeys(PARTS, "part")
    found |= {name: metric["type"] for name, metric in _servers().items()}
    return found | dict.fromkeys(_records(), "record") | dict.fromkeys(FOREIGN, "gauge")


@cache
def labels() -> dict[str, set[str]]:
    """Return every metric → its labels."""
    own = {prometheus_name(spec): {*spec.labels, *RESOURCE} for spec in METRICS}
    parts = {part: own[re.sub("_(bucket|count|sum)$", "", part)] | {"le"} for part in PARTS}
    servers = {
        name: {*metric["labels"], *RESOURCE, *(["le"] if name.endswith("_bucket") else [])}
        for name, metric in _servers().items()
    }
    return own | parts | servers | _records() | FOREIGN


@cache
def _servers() -> dict[str, dict[str, Any]]:
    file = config_root() / "dashboards/lib/server_metrics.libsonnet"

    def spelled(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, dict) and isinstance(node.get("name"), str):
            yield node["name"], node
            yield from ((node[part], {**node, "type": "part"}) for part in ("bucket", "count", "sum") if part in node)
        elif isinstance(node, dict):
            for below in node.values():
                yield from spelled(below)

    return dict(spelled(json.loads(rjsonnet.evaluate_file(str(file))))) if file.exists() else {}


@cache
def _records() -> dict[str, set[str]]:
    """Return every record → the labels it keeps, and those it is given."""
    groups = YAML(typ="safe").load(render(load())["prometheus/generated/records.yaml"])["groups"]
    found: dict[str, set[str]] = {}
    for rule in (rule for group in groups for rule in group["rules"] if "record" in rule):
        aggregated = [n for n, _ in walk(parse(rule["expr"])) if isinstance(n, promql_parser.AggregateExpr)]
        kept = {label for node in aggregated if node.modifier for label in node.modifier.labels}
        found.setdefault(rule["record"], set()).update(kept, rule.get("labels", {}))
    return found


def test_it_asks_for_metrics_and_labels_that_exist(promql: Any) -> None:
    for selector, above in selectors(promql.expr):
        assert selector.name in labels(), selector.name
        assert matched(selector) <= labels()[selector.name]
        for node in above:
            if isinstance(node, promql_parser.AggregateExpr) and node.modifier and len(list(walk(node.expr))) < 5:
                assert set(node.modifier.labels) <= labels()[selector.name]


def test_counters_are_rated_and_nothing_else_is(promql: Any) -> None:
    for selector, above in selectors(promql.expr):
        calls = {node.func.name for node in above if isinstance(node, promql_parser.Call)}
        if promql.target.get("exemplar"):  # compared with what it never is
            continue
        if any(isinstance(node, promql_parser.BinaryExpr) and str(node.op) == "unless" for node in above):
            continue  # what a new series begins with
        if kinds()[selector.name] in {"counter", "part"}:
            assert calls & {"rate", "increase"}, selector.name
        else:
            assert not calls & {"rate", "increase"}, selector.name


def test_a_long_look_back_reads_records(promql: Any) -> None:
    """Raw counters have a series per process. Estimated tokens, which are rare, have no record; servers are few."""
    for selector, above in selectors(promql.expr):
        if selector.name in _servers():
            continue
        ranges = [node.range for node in above if isinstance(node, promql_parser.MatrixSelector)]
        if kinds()[selector.name] in {"counter", "part"} and "llm_estimated_tokens" not in selector.name:
            assert all(length.total_seconds() <= 3600 for length in ranges)
            assert "$__range" not in promql.expr


def test_a_graph_looks_back_by_one_step(promql: Any) -> None:
    """A window that does not grow with the step skips what lies between two points."""
    if promql.panel["type"] in {"timeseries", "heatmap", "state-timeline"}:
        assert promql.windows <= {"$__interval", "$__rate_interval"}
    for selector, _ in selectors(promql.expr):
        if kinds()[selector.name] in {"counter", "part"}:
            assert "$__interval" not in promql.windows, "two scrapes may not fit: $__rate_interval"


def test_a_figure_names_the_time_it_is_about(promql: Any) -> None:
    """One number stands for a stated time: a look-back of its own, a day, or the range of the board."""
    if promql.panel["type"] not in {"stat", "bargauge"}:
        return
    words = promql.panel["description"]
    for window in promql.windows - {"24h"}:
        assert ("in this time range" in words) if window == "$__range" else f"the last {window}" in words
    if ":increase24h" in promql.expr or "[24h]" in promql.expr:
        assert "The last 24 hours, whatever time range is shown." in words


# Records about whole services, whatever else is chosen; and about budgets, which have services of their own.
WHOLE = ("job:", "budget:")


def test_it_obeys_every_variable_that_the_board_shows(promql: Any) -> None:
    variables = promql.board.variables
    for selector, _ in selectors(promql.expr):
        if selector.name.startswith("budget:"):
            assert "Whatever is chosen above." in promql.panel["description"]
            continue
        for label in labels()[selector.name] & CHOSEN.keys():
            if selector.name == "ALERTS" and label != "job":
                continue
            if CHOSEN[label] in variables and variables[CHOSEN[label]]["hide"] != HIDDEN:
                assert label in matched(selector), f"{selector.name} whatever {label} is chosen"
        if selector.name.startswith("job:"):
            assert "Of whole services" in promql.panel["description"]


def test_nothing_is_made_up_where_there_is_nothing(promql: Any) -> None:
    """A 0 for what nobody measured is a lie; panels have words for it."""
    assert not re.search(r"\bor vector\(", promql.expr)


def test_variables_read_series_that_exist(board: Any) -> None:
    for name, variable in board.variables.items():
        if variable["type"] != "query":
            continue
        kind, _, inner = variable["definition"].partition("(")
        if kind == "label_values":
            series, _, label = inner.removesuffix(")").rpartition(", ")
            (selector,) = [selector for selector, _ in selectors(series)]
            assert label in labels()[selector.name], name
        else:
            assert kind == "query_result"
            assert all(selector.name in labels() for selector, _ in selectors(inner.removesuffix(")"))), name


@pytest.mark.parametrize("recording", ["5s", "15s", "30s"])
def test_rates_are_right_whatever_the_records_interval(recording: str) -> None:
    """A step of 60 s in which each evaluation found 2 a second holds 120 a minute."""
    config = load().merged({"intervals": {"recording": recording}})
    board = json.loads(render(config)["dashboards/generated/llm-overview.json"])
    panel = next(p for p in board["panels"] if p["title"] == "Calls per minute by model")
    factor = re.search(r"\* (\d+) / \$__interval_ms", panel["targets"][0]["expr"])
    assert factor
    seconds = int(recording[:-1])
    points = 60 / seconds  # evaluations within the step
    assert 2 * points * int(factor[1]) / 60_000 == pytest.approx(120)
    assert panel["interval"] == f"{2 * seconds}s"


def test_a_legend_names_labels_that_are_there(promql: Any) -> None:
    legend = set(re.findall(r"{{(\w+)}}", promql.target["legendFormat"]))
    aggregated = [n for n, _ in walk(parse(promql.expr)) if isinstance(n, promql_parser.AggregateExpr)]
    kept = {label for node in aggregated if node.modifier for label in node.modifier.labels}
    kept |= {label for selector, _ in selectors(promql.expr) for label in labels()[selector.name] if not aggregated}
    assert legend <= kept | ({"budget"} if "budget:" in promql.expr else set())
