"""The runbooks' queries use metrics, labels and fields of events that exist.

What exists: the vocabulary, the recording rules, and the servers' own metrics as `server_metrics.libsonnet` names them,
which a test on the real stack compares with the servers.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import rjsonnet
from ruamel.yaml import YAML

from heliograph.genai import vocabulary

from .conftest import FILES, RUNBOOKS, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Session

ROOT = RUNBOOKS.parents[1]

# From the resource, on everything an application pushes.
RESOURCE = {"job", "instance", "service_version", "deployment_environment_name"}
SCRAPED = {"job", "instance"}


def described(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the metrics within a tree of descriptions."""
    if isinstance(node.get("name"), str):
        yield node
    else:
        for inner in node.values():
            yield from described(inner)


SERVERS = list(
    described(json.loads(rjsonnet.evaluate_file(str(ROOT / "dashboards" / "lib" / "server_metrics.libsonnet"))))
)
HISTOGRAMS = {vocabulary.prometheus_name(spec) for spec in vocabulary.METRICS if spec.kind == "histogram"}
# metric -> labels a query may match or group by
METRICS: dict[str, set[str]] = {
    **{vocabulary.prometheus_name(spec): RESOURCE | {*spec.labels} for spec in vocabulary.METRICS},
    **{metric["name"]: SCRAPED | {*metric["labels"]} for metric in SERVERS},
    # The servers' own that no rule and no board needs.
    "otelcol_processor_incoming_items_total": SCRAPED | {"otel_signal", "processor"},
    "prometheus_tsdb_head_series_created_total": SCRAPED,
    "prometheus_config_last_reload_success_timestamp_seconds": SCRAPED,
    "alertmanager_config_last_reload_success_timestamp_seconds": SCRAPED,
    "loki_ruler_config_last_reload_successful": SCRAPED | {"user"},
}
# What may be counted since a server's start, where the page says so: a first failure makes the series, and no rate of
# it tells of that one.
SINCE_THE_START = {
    metric["name"]
    for metric in SERVERS
    if re.search(r"_(send_failed|enqueue_failed|refused|failed|filtered|discarded)_", metric["name"])
} | {"heliograph_meter_lost_events_total", "heliograph_meter_refused_requests_total"}

# What Loki keeps of a record beside its attributes: labels, times, and the attributes of its resource.
LOG_FIELDS = {"service_name", "event_name", "trace_id", "span_id", "process_pid", "service_instance_id"}
EVENT_FIELDS = LOG_FIELDS.union(*(event.attributes for event in vocabulary.EVENTS))


def records() -> dict[str, set[str]]:
    """Return recording rule -> labels of what it records."""
    known: dict[str, set[str]] = {}
    text = (ROOT / "prometheus" / "generated" / "records.yaml").read_text(encoding="utf-8")
    rules = [rule for group in YAML(typ="safe").load(text)["groups"] for rule in group["rules"]]
    for rule in rules:
        by = {label for found in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in found.split(", ")}
        within = {label for name in re.findall(r"\w+:\w+:\w+", rule["expr"]) for label in known.get(name, ())}
        known.setdefault(rule["record"], set()).update(by, within, rule.get("labels", {}))
    return known


RECORDS = records()


def labels_of(series: str) -> set[str]:
    """Return the labels of a series; a histogram's parts have those of the histogram, and buckets `le`."""
    if series in RECORDS:
        return RECORDS[series]
    for suffix, more in (("_bucket", {"le"}), ("_sum", set()), ("_count", set())):
        if (histogram := series.removesuffix(suffix)) != series and histogram in HISTOGRAMS:
            return METRICS[histogram] | more
    assert series in METRICS.keys() - HISTOGRAMS, f"nobody emits {series}"
    return METRICS[series]


def selected(node: promql_parser.VectorSelector) -> list[str]:
    """Return the names of the series that a selector takes: one, or those that match an expression for the name."""
    if node.name:
        return [node.name]
    (pattern,) = [matcher.value for matcher in node.matchers.matchers if matcher.name == "__name__"]
    names = [name for name in METRICS.keys() - HISTOGRAMS if re.fullmatch(pattern, name)]
    assert names, f"nobody emits anything like {pattern}"
    return names


def result_labels(node: object) -> set[str] | None:
    """Return the labels that the result of a query can have, None for a scalar.

    Raises AssertionError where the query uses a metric or a label that does not exist, or divides series whose
    labels can never match.
    """
    labels: set[str] | None = None
    match node:
        case promql_parser.VectorSelector():
            names = selected(node)
            labels = set[str]().union(*map(labels_of, names))
            if not node.name:
                labels.add("__name__")
            assert {matcher.name for matcher in node.matchers.matchers} <= labels, node
        case promql_parser.MatrixSelector():
            labels = result_labels(node.vector_selector)
        case promql_parser.ParenExpr():
            labels = result_labels(node.expr)
        case promql_parser.Call():
            labels = labels_of_call(node)
        case promql_parser.AggregateExpr():
            labels = result_labels(node.expr) or set()
            if str(node.op) != "topk":
                by = set(node.modifier.labels) if node.modifier else set()
                assert by <= labels, node
                labels = by
        case promql_parser.BinaryExpr():
            labels = labels_of_both(node)
    return labels


def labels_of_call(node: promql_parser.Call) -> set[str] | None:
    """Return the labels of a function's result: those of its first vector."""
    vectors = [found for argument in node.args if (found := result_labels(argument)) is not None]
    if not vectors or node.func.name == "scalar":
        return None
    return vectors[0] - ({"le"} if node.func.name == "histogram_quantile" else set())


def labels_of_both(node: promql_parser.BinaryExpr) -> set[str] | None:
    """Return the labels of what an operator makes of its two sides."""
    left, right = result_labels(node.lhs), result_labels(node.rhs)
    if left is not None and right is not None:
        if node.modifier and node.modifier.matching:
            assert set(node.modifier.matching.labels) <= left & right, node
        else:
            assert left == right, node
    return right if left is None else left


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_promql_parses_and_uses_what_is_emitted(path: Path, pasted: dict[Path, Session]) -> None:
    for query in [*blocks(path, "promql"), *pasted[path].queries(":9090/")]:
        assert result_labels(promql_parser.parse(query)) is not None, query


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_promql_for_explore_needs_no_editing(path: Path) -> None:
    """Explore knows no `$SERVICE`: those queries tell services apart by a label instead."""
    for query in blocks(path, "promql"):
        assert "$" not in query
        assert not re.search(r'job="(?!prometheus|collector)', query)


def as_they_are(node: object) -> Iterator[str]:
    """Yield the series whose values a query uses as they stand, not over a range."""
    match node:
        case promql_parser.VectorSelector():
            yield from selected(node)
        case promql_parser.ParenExpr():
            yield from as_they_are(node.expr)
        case promql_parser.AggregateExpr():
            if str(node.op) != "count":
                yield from as_they_are(node.expr)
        case promql_parser.Call():
            for argument in node.args:
                yield from as_they_are(argument)
        case promql_parser.BinaryExpr():
            yield from as_they_are(node.lhs)
            yield from as_they_are(node.rhs)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_counters_are_used_as_rates_or_since_the_start(path: Path, pasted: dict[Path, Session]) -> None:
    asked = [request for request in pasted[path].requests if request.url.endswith(":9090/api/v1/query")]
    for query in [*blocks(path, "promql"), *(request.data["query"] for request in asked)]:
        for name in as_they_are(promql_parser.parse(query)):
            assert not re.search(r"_(?:total|bucket|sum|count)$", name) or name in SINCE_THE_START, query


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_logql_selects_services_and_uses_fields_of_the_events(path: Path, pasted: dict[Path, Session]) -> None:
    for query in pasted[path].queries(":3100/"):
        assert re.search(r'\{service_name="research-assistant"\}|\{service_name=~"\.\+"\}', query)
        used = re.findall(r"\| (\w+) ?[=<>!]", query) + re.findall(r"unwrap (\w+)", query)
        used += [name for names in re.findall(r"by \(([^)]*)\)", query) for name in names.split(", ")]
        assert set(used) <= EVENT_FIELDS, query
        assert query.count("(") == query.count(")"), query
