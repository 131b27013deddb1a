"""What must hold in `slos`, `burn_rates` and `budgets`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from heliograph.config._errors import Key, Problem
from heliograph.config._look import entries, get, items, length, number
from heliograph.genai.vocabulary import CHAIN_LATENCY, LLM_LATENCY, QUERY_LATENCY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["promise_problems"]

_HISTOGRAMS = {"query": QUERY_LATENCY, "llm": LLM_LATENCY, "pipeline": CHAIN_LATENCY}
_MONTH = 32 * 86_400.0  # seconds: the longest month, and a day for its first hours
_ALL = 100.0  # percent


def promise_problems(data: Mapping[str, object]) -> Iterator[Problem]:
    """Yield the problems between values."""
    yield from _within(data)
    for section in (("burn_rates",), ("budgets", "burn")):
        yield from _burn_windows(data, section)
    yield from _reachable(data)
    yield from _spent(data)
    yield from _kept_long_enough(data)


def _within(data: Mapping[str, object]) -> Iterator[Problem]:
    """Want an edge of the histogram: between two, Prometheus could only guess how many were slower."""
    for name, slo in entries(data, "slos"):
        key: Key = ("slos", name, "within")
        kind, within = get(slo, "kind"), get(slo, "within")
        histogram = _HISTOGRAMS.get(str(get(slo, "scope")))
        if kind == "errors" and within is not None:
            yield Problem(key, "stands in a promise about errors", "write null, or kind: latency")
        if kind != "latency" or histogram is None:
            continue
        edges = ", ".join(_duration(edge) for edge in histogram.edges)
        if within is None:
            yield Problem(key, "is null, and the promise is about latency", f"write one of {edges}")
        elif (limit := length(within)) and limit not in histogram.edges:
            yield Problem(key, f"{within} is no edge of the histogram {histogram.name}", f"write one of {edges}")


def _burn_windows(data: Mapping[str, object], section: Key) -> Iterator[Problem]:
    for index, burn in enumerate(items(data, *section)):
        long, short = length(get(burn, "long")), length(get(burn, "short"))
        if long and short and short >= long:
            yield Problem(
                (*section, index, "short"),
                f"{get(burn, 'short')} is not shorter than `long` ({get(burn, 'long')}): the alert would end no sooner",
                "write about a twelfth of `long`",
            )


def _reachable(data: Mapping[str, object]) -> Iterator[Problem]:
    """Look for factors that no failure reaches: a budget of 10 % burns at most 10 times as fast as it may."""
    burns = [(number(get(burn, "factor")), get(burn, "severity")) for burn in items(data, "burn_rates")]
    highest = {
        name: _ALL / (_ALL - objective)
        for name, slo in entries(data, "slos")
        if (objective := number(get(slo, "objective"))) is not None and 0 < objective < _ALL
    }
    if not highest:
        return
    for index, (factor, _) in enumerate(burns):
        if factor is not None and factor >= max(highest.values()):
            yield Problem(
                ("burn_rates", index, "factor"),
                f"{factor:g} is out of reach: when everything fails, no budget here burns more than "
                f"{max(highest.values()):.3g} times as fast as it may",
                "write a smaller factor, or take the line away",
            )
    waking = [factor for factor, severity in burns if factor is not None and severity == "critical"]
    for name, most in highest.items():
        if waking and min(waking) >= most and min(waking) < max(highest.values()):
            yield Problem(
                ("slos", name, "objective"),
                f"leaves a budget that burns {most:.3g} times as fast as it may when everything fails: the critical "
                f"burn rates begin at {min(waking):g}, so nobody would be woken",
                f"write more than {_ALL - _ALL / min(waking):.4g}, or add a critical burn rate below {most:.3g}",
            )


def _spent(data: Mapping[str, object]) -> Iterator[Problem]:
    spent = [number(percent) for percent in items(data, "budgets", "spent")]
    for index, (lower, higher) in enumerate(itertools.pairwise(spent), start=1):
        if lower is not None and higher is not None and higher <= lower:
            ordered = ", ".join(f"{percent:g}" for percent in sorted({percent for percent in spent if percent}))
            yield Problem(
                ("budgets", "spent", index),
                f"{higher:g} comes after {lower:g}, and the last one wakes someone",
                f"write them ascending: [{ordered}]",
            )


def _kept_long_enough(data: Mapping[str, object]) -> Iterator[Problem]:
    """Look for what looks further back than Prometheus remembers, and would be computed from a part of it."""
    kept = length(get(data, "retention", "prometheus"))
    if not kept:
        return
    said = str(get(data, "retention", "prometheus"))
    for name, limit in entries(data, "budgets", "limits"):
        if get(limit, "period") == "month" and kept < _MONTH:
            yield Problem(
                ("budgets", "limits", name, "period"),
                f"a month is longer than Prometheus remembers (retention.prometheus: {said})",
                "write `retention: {prometheus: 32d}` or longer, or period: day",
            )
    for section in (("burn_rates",), ("budgets", "burn")):
        for index, burn in enumerate(items(data, *section)):
            if (long := length(get(burn, "long"))) and long > kept:
                yield Problem(
                    (*section, index, "long"),
                    f"{get(burn, 'long')} is longer than Prometheus remembers (retention.prometheus: {said})",
                    "shorten it, or raise retention.prometheus",
                )
    for name, alert in entries(data, "alerts"):
        window, earlier = length(get(alert, "window")), length(get(alert, "earlier"))
        if window and earlier and window + earlier > kept:
            yield Problem(
                ("alerts", name, "earlier"),
                f"{get(alert, 'earlier')} and the window before it are longer than Prometheus remembers "
                f"(retention.prometheus: {said})",
                "shorten it, or raise retention.prometheus",
            )


def _duration(seconds: float) -> str:
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"
