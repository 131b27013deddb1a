"""The series of a large installation: what its applications export, and what the recording rules make of it.

Raw series come from the vocabulary (each metric with its labels, each histogram with its edges), recorded ones from the
rules themselves: a record holds one series for each combination of the labels that it keeps.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.genai.vocabulary import METRICS, MetricSpec, prometheus_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Series", "raw", "recorded"]

_DAY = 86_400
_PROVIDERS = {
    "gpt-4o": "openai",
    "gpt-4o-mini": "openai",
    "claude-sonnet-4-5": "anthropic",
    "gemini-2.5-flash": "gcp.gemini",
    "mistral-large": "mistral_ai",
}
_VALUES = {
    "operation": ["chat"],
    "chain": ["research", "retrieve", "answer", "agent"],
    "tenant": [f"tenant-{n}" for n in range(12)],
    "status": ["success", "error"],
    "error_type": [""],
    "query_type": ["question", "agent"],
    "type": ["input", "output"],
    "reason": ["error"],
    "tool": ["search", "calculator", "fetch"],
    "label": ["model"],
}


@dataclass(frozen=True)
class Series:
    """One series: `by` is what it grows by in a second; 0 makes it a gauge around `start`."""

    labels: dict[str, str]
    start: float
    by: float


def raw(limit: int, instances: int) -> Iterator[Series]:
    """Yield `limit` series, as evenly spread over processes as a fleet of equal applications is."""
    processes = [
        {"job": f"service-{n % 4}", "deployment_environment_name": "production", "instance": f"process-{n}"}
        for n in range(instances)
    ]
    combinations = [labels for spec in METRICS for labels in _combinations(spec)]
    # All of one combination before the next: whatever `limit` cuts off, every process has the same series.
    combinations.sort(key=lambda labels: _VALUES["tenant"].index(labels.get("tenant", "tenant-0")))
    every = ({**process, **labels} for labels in combinations for process in processes)
    for labels in itertools.islice(every, limit):
        is_counter = re.search(r"_(total|bucket|count|sum)$", labels["__name__"])
        yield Series(labels, start=1.0, by=_pace(labels) if is_counter else 0.0)


def _pace(labels: dict[str, str]) -> float:
    """Return what a counter grows by in a second: cumulative buckets the more, the higher their edge."""
    if (edge := labels.get("le")) is None:
        return 0.5
    return 0.5 if edge == "+Inf" else 0.5 * min(1.0, float(edge) / 30)


def _combinations(spec: MetricSpec) -> Iterator[dict[str, str]]:
    name = prometheus_name(spec)
    free = [label for label in spec.labels if label not in {"model", "provider"}]
    models = _PROVIDERS.items() if "model" in spec.labels else [("", "")]
    for model, provider in models:
        of_model = {"model": model, "provider": provider} if model else {}
        for values in itertools.product(*(_VALUES.get(label, ["one"]) for label in free)):
            labels = of_model | dict(zip(free, values, strict=True))
            if spec.kind != "histogram":
                yield {"__name__": name, **labels}
                continue
            for edge in (*spec.edges, "+Inf"):
                yield {"__name__": f"{name}_bucket", **labels, "le": edge if isinstance(edge, str) else f"{edge:g}"}
            for part in ("count", "sum"):
                yield {"__name__": f"{name}_{part}", **labels}


def recorded(series: Iterable[Series]) -> Iterator[Series]:
    """Yield what the recording rules of the shipped heliograph.yaml make of `series`."""
    known: dict[str, list[Series]] = {}
    for one in series:
        known.setdefault(one.labels["__name__"], []).append(one)
    for rule in _records():
        made = list(_made(rule, known))
        known.setdefault(rule["record"], []).extend(made)
        yield from made


@functools.cache
def _records() -> list[dict[str, Any]]:
    text = render(load())["prometheus/generated/records.yaml"]
    groups = YAML(typ="safe").load(text)["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _made(rule: dict[str, Any], known: dict[str, list[Series]]) -> Iterator[Series]:
    """Yield the series of one record, each as large as the sum of what goes into it."""
    names = re.findall(r"[a-z_:][a-z0-9_:]*(?=\s*[{\[])", rule["expr"])
    sources = [one for name in dict.fromkeys(names) for one in known.get(name, ())]
    grouping = re.search(r"(by|without) \(([^)]*)\)", rule["expr"])
    if not sources or grouping is None:
        return
    listed = {label.strip() for label in grouping[2].split(",")}
    total = _DAY if "increase" in rule["record"] else 1
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for one in sources:
        kept = {
            name: value
            for name, value in one.labels.items()
            if name != "__name__" and (name in listed) is (grouping[1] == "by")
        }
        key = tuple(sorted(kept.items()))
        sums[key] = sums.get(key, 0.0) + (one.by or one.start)
    for key, value in sums.items():
        yield Series({"__name__": rule["record"], **dict(key), **rule.get("labels", {})}, start=value * total, by=0.0)
