"""What must hold where series are chosen by their labels: `match` in overrides, SLOs and budgets.

The expressions end up in Prometheus and Loki, which read RE2 (https://github.com/google/re2/wiki/Syntax); Python's `re`
reads the same but for a few constructs that are looked for by themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from heliograph.config._errors import Key, Problem
from heliograph.config._look import entries, get, items
from heliograph.genai.vocabulary import (
    CALL_LABELS,
    CHAIN_LATENCY,
    LLM_LATENCY,
    LLM_QUOTA_LIMIT,
    LLM_REQUESTS,
    QUERY_COST,
    QUERY_LATENCY,
    QUERY_REQUESTS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["match_problems"]

_EVERYWHERE = ("job", "deployment_environment_name")
"""What Prometheus adds to every series of an application; the events in Loki have the same."""

# The labels of what an alert with overrides counts.
_ALERTS = {
    "HighQueryErrorRate": QUERY_REQUESTS.labels,
    "HighQueryLatency": QUERY_LATENCY.labels,
    "HighPipelineErrorRate": CHAIN_LATENCY.labels,
    "HighPipelineLatency": CHAIN_LATENCY.labels,
    "HighLLMErrorRate": LLM_REQUESTS.labels,
    "HighLLMLatency": LLM_LATENCY.labels,
    "ProviderOutage": LLM_REQUESTS.labels,
    "HighQuotaUse": LLM_QUOTA_LIMIT.labels,
    "HighQueryCost": QUERY_COST.labels,
}
_SCOPES = {"query": QUERY_LATENCY.labels, "llm": LLM_LATENCY.labels, "pipeline": CHAIN_LATENCY.labels}

# What Python's `re` reads and RE2 does not.
_FOREIGN = {
    re.compile(r"\(\?<?[=!]"): "looks ahead or behind, which RE2 cannot",
    re.compile(r"\\[1-9]|\(\?P=|\(\?\("): "refers back to a group, which RE2 cannot",
    re.compile(r"[*+?}]\+|\(\?>"): "never gives back what it took, which RE2 does not know",
}
# What RE2 reads and Python's `re` does not, and what stands for it while the rest is tried.
_RE2_ONLY = {
    re.compile(r"\\[pP](\{\^?\w+\}|\w)"): ".",
    re.compile(r"\[\[:\^?\w+:\]\]"): ".",
    re.compile(r"\\z"): "$",
    re.compile(r"\(\?([imsU-]+)\)"): "",
}
_MOST = 1000  # repetitions that RE2 allows


def match_problems(data: Mapping[str, object]) -> Iterator[Problem]:
    """Yield expressions that do not compile, and labels that the series do not have."""
    for name, alert in entries(data, "alerts"):
        labels = _ALERTS.get(name, CALL_LABELS)
        for index, override in enumerate(items(alert, "overrides")):
            yield from _match(("alerts", name, "overrides", index, "match"), override, labels)
    for name, slo in entries(data, "slos"):
        labels = _SCOPES.get(str(get(slo, "scope")), CALL_LABELS)
        yield from _match(("slos", name, "match"), slo, labels)
    for name, limit in entries(data, "budgets", "limits"):
        yield from _match(("budgets", "limits", name, "match"), limit, CALL_LABELS)


def _match(key: Key, holder: object, labels: tuple[str, ...]) -> Iterator[Problem]:
    offered = sorted({*labels, *_EVERYWHERE} & {*CALL_LABELS, *_EVERYWHERE} - {"operation"})
    for label, expression in entries(holder, "match"):
        if label not in offered and label in {*CALL_LABELS, *_EVERYWHERE}:  # others are unknown keys anyway
            what = f"what is counted here has no label {label!r}, so it would never match"
            yield Problem((*key, label), what, f"write one of {', '.join(offered)}")
        if isinstance(expression, str) and (wrong := _wrong(expression)):
            yield Problem(
                (*key, label),
                f"{expression!r} {wrong}",
                r"write a regular expression as Prometheus reads it (RE2), such as gpt-4.*|o3; \. for a dot",
            )


def _wrong(expression: str) -> str:
    """Say what is wrong with a regular expression, "" for nothing."""
    bare = re.sub(r"\\\\|\[\^?\]?[^\]]*\]", "x", expression)
    for foreign, words in _FOREIGN.items():
        if foreign.search(bare):
            return words
    if any(int(count) > _MOST for bounds in re.findall(r"\{([0-9,]+)\}", bare) for count in bounds.split(",") if count):
        return f"repeats more than {_MOST} times, which RE2 does not allow"
    tried = expression
    for own, stand_in in _RE2_ONLY.items():
        tried = own.sub(stand_in, tried)
    try:
        re.compile(tried)
    except (re.error, OverflowError) as error:
        return f"is no regular expression: {error}"
    return ""
