"""What an expression is made of, and what can be wrong with it without being evaluated (as pint does)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import promql_parser

from heliograph.genai.vocabulary import METRICS, prometheus_name

from ._server_metrics import server_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Labels", "compares", "impossible", "selectors"]

RESOURCE = {"job", "deployment_environment_name", "instance", "service_version"}
# Functions that only make sense of what never falls but by a reset.
_OF_COUNTERS = {"rate", "increase", "irate", "resets"}
# Functions of time alone.
_SCALARS = {"time", "scalar"}
_COMPARISONS = {">", "<", ">=", "<=", "==", "!="}

_COUNTERS = {prometheus_name(spec) for spec in METRICS if spec.kind == "counter"} | {
    metric["name"] for metric in server_metrics() if metric["type"] == "counter"
}
_HISTOGRAM_PARTS = {
    prometheus_name(spec) + part: prometheus_name(spec)
    for spec in METRICS
    if spec.kind == "histogram"
    for part in ("_bucket", "_count", "_sum")
}
_RAW: dict[str, set[str]] = (
    {prometheus_name(spec): {*spec.labels, *RESOURCE} for spec in METRICS}
    | {metric["name"]: {"job", "instance", *metric["labels"]} for metric in server_metrics()}
    # Prometheus' own, of each alert: its labels are those of the rule.
    | {"ALERTS": {"alertname", "alertstate", *RESOURCE}}
)


class Labels:
    """Which labels an expression keeps, given the records that exist; asserts what must hold on the way."""

    def __init__(self, records: Mapping[str, set[str]] | None = None) -> None:
        self._records = dict(records or {})

    def learn(self, rule: Mapping[str, Any]) -> None:
        """Add a recording rule: what comes after it may read it."""
        labels = (self.kept(rule["expr"]) or set()) | set(rule.get("labels", {}))
        known = self._records.setdefault(rule["record"], labels)
        self._records[rule["record"]] = known | labels

    def kept(self, expression: str) -> set[str] | None:
        """Return the labels of the result; None for a scalar."""
        return self._of(promql_parser.parse(expression))

    def _of(self, node: object) -> set[str] | None:
        kept: set[str] | None = None
        match node:
            case promql_parser.VectorSelector():
                kept = self._metric(str(node.name))
                assert {matcher.name for matcher in node.matchers.matchers} <= kept, f"{node}: no such label"
            case promql_parser.MatrixSelector():
                kept = self._of(node.vector_selector)
            case promql_parser.SubqueryExpr() | promql_parser.ParenExpr() | promql_parser.UnaryExpr():
                kept = self._of(node.expr)
            case promql_parser.Call():
                kept = self._call(node)
            case promql_parser.AggregateExpr():
                kept = set(node.modifier.labels) if node.modifier else set()
                assert kept <= (self._of(node.expr) or set()), f"{node} groups by labels that do not exist"
            case promql_parser.BinaryExpr():
                kept = self._binary(node)
        return kept

    def _metric(self, name: str) -> set[str]:
        if name in self._records:
            return self._records[name]
        base = _HISTOGRAM_PARTS.get(name, name)
        assert base in _RAW, f"nobody makes {name}"
        return _RAW[base] | ({"le"} if name.endswith("_bucket") else set())

    def _call(self, node: Any) -> set[str] | None:
        if node.func.name in _OF_COUNTERS:
            (metric,) = re.findall(r"[\w:]+(?=[{\[])", str(node.args[0]))[:1]
            assert metric in _COUNTERS | _HISTOGRAM_PARTS.keys(), f"{node.func.name} of {metric}, which is no counter"
        found = [labels for argument in node.args if (labels := self._of(argument)) is not None]
        if node.func.name == "vector":
            return set()
        if node.func.name in _SCALARS or not found:
            return None
        return found[0] - ({"le"} if node.func.name in {"histogram_fraction", "histogram_quantile"} else set())

    def _binary(self, node: Any) -> set[str] | None:
        left, right = self._of(node.lhs), self._of(node.rhs)
        if left is None or right is None:
            return right if left is None else left
        if node.modifier and node.modifier.matching:
            assert set(node.modifier.matching.labels) <= left & right, f"{node.op} on labels of one side only"
        elif str(node.op) != "or":
            assert left == right, f"{node.op} between {sorted(left)} and {sorted(right)} never matches"
        return left


def _nodes(node: object) -> Iterator[object]:
    yield node
    for name in ("expr", "lhs", "rhs", "vector_selector"):
        if (child := getattr(node, name, None)) is not None:
            yield from _nodes(child)
    for argument in getattr(node, "args", None) or ():
        yield from _nodes(argument)


def selectors(expression: str) -> list[Any]:
    """Return the vector selectors of an expression."""
    return [node for node in _nodes(promql_parser.parse(expression)) if isinstance(node, promql_parser.VectorSelector)]


def compares(expression: str) -> bool:
    """Tell whether the expression is true or not, rather than a number that is always there."""
    return _compares(promql_parser.parse(expression))


def _compares(node: object) -> bool:
    match node:
        case promql_parser.BinaryExpr():
            return str(node.op) in _COMPARISONS or _compares(node.lhs)
        case promql_parser.ParenExpr() | promql_parser.AggregateExpr():
            return _compares(node.expr)
        case _:
            return False


def impossible(expression: str) -> list[str]:
    """Return what can never be: matchers that contradict each other, and percentages beyond a hundred."""
    found = []
    for selector in selectors(expression):
        seen: dict[str, str] = {}
        found += [
            f"{matcher.name} is both {seen[matcher.name]} and {matcher.value}"
            for matcher in selector.matchers.matchers
            if str(matcher.op) == "MatchOp.Equal" and seen.setdefault(matcher.name, matcher.value) != matcher.value
        ]
    for node in _nodes(promql_parser.parse(expression)):
        if isinstance(node, promql_parser.BinaryExpr) and str(node.op) in {">", ">="}:
            limit = re.fullmatch(r"[\d.]+", str(node.rhs))
            if limit and re.match(r"\(?100 \*", str(node.lhs)) and float(limit[0]) >= 100:
                found.append(f"more than {limit[0]} %")
    return found
