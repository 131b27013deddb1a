"""Checks of promises, budgets and label matchers: each from its quiet and from its firing side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from heliograph.config import ConfigError, load
from heliograph.config._match_checks import _wrong

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SLO = "scope: query, kind: errors, objective: 99, within: null, match: {}, minimum: 20"
BURN = "for: 2m, keep_firing_for: 5m"
LIMIT = "usd: 5, match: {}, each: null"

# What someone wrote → the key, what is said and the fix.
WRONG = {
    "latency without a limit": (
        f"slos: {{a: {{{SLO.replace('errors', 'latency')}}}}}",
        "slos.a.within: is null, and the promise is about latency\n      write one of 50ms, 100ms",
    ),
    "limit between two edges": (
        f"slos: {{a: {{{SLO.replace('errors', 'latency').replace('null', '3s')}}}}}",
        "slos.a.within: 3s is no edge of the histogram query_latency\n      write one of 50ms",
    ),
    "errors with a limit": (
        f"slos: {{a: {{{SLO.replace('null', '2s')}}}}}",
        "slos.a.within: stands in a promise about errors\n      write null, or kind: latency",
    ),
    "windows the wrong way round": (
        f"burn_rates: [{{severity: critical, long: 5m, short: 1h, factor: 14, {BURN}}}]",
        "burn_rates.0.short: 1h is not shorter than `long` (5m)",
    ),
    "windows of a budget the same": (
        f"budgets: {{burn: [{{severity: critical, long: 1h, short: 1h, factor: 14, {BURN}}}]}}",
        "budgets.burn.0.short: 1h is not shorter than `long` (1h)",
    ),
    "factor out of every reach": (
        f"burn_rates: [{{severity: warning, long: 1h, short: 5m, factor: 100, {BURN}}}]",
        "burn_rates.0.factor: 100 is out of reach: when everything fails, no budget here burns more than 100 times",
    ),
    "promise that wakes nobody": (
        f"slos: {{a: {{{SLO.replace('99', '80')}}}}}",
        (
            "slos.a.objective: leaves a budget that burns 5 times as fast as it may when everything fails: the "
            "critical burn rates begin at 6, so nobody would be woken\n      write more than 83.33, or add a critical"
        ),
    ),
    "percentages out of order": (
        "budgets: {spent: [80, 100, 90]}",
        "budgets.spent.2: 90 comes after 100, and the last one wakes someone\n      write them ascending: [80, 90,",
    ),
    "percentage twice": ("budgets: {spent: [80, 80]}", "budgets.spent.1: 80 comes after 80"),
    "month without a memory": (
        f"budgets: {{limits: {{m: {{{LIMIT}, period: month}}}}}}",
        (
            "budgets.limits.m.period: a month is longer than Prometheus remembers (retention.prometheus: 15d)\n"
            "      write `retention: {prometheus: 32d}` or longer, or period: day"
        ),
    ),
    "window beyond the memory": (
        f"burn_rates: [{{severity: warning, long: 16d, short: 6h, factor: 1, {BURN}}}]",
        "burn_rates.0.long: 16d is longer than Prometheus remembers",
    ),
    "more than a queue takes": (
        "durability: {load: {spans: {per_second: 400}}}",
        (
            "durability.load.spans: makes 7,200,000,000 bytes in outage + slack, and a queue takes 4,294,967,296: full "
            "after 3.0 h\n      write queue: 7200000000 or more"
        ),
    ),
    "queue of a few requests": ("durability: {queue: 1_000_000}", "durability.queue: 1,000,000 bytes are filled by"),
    "late records that are deleted at once": (
        "retention: {loki: 8h}",
        "retention.loki: is shorter than durability.late + outage + slack (10 h)",
    ),
    "a week ago is forgotten": ("retention: {prometheus: 7d}", "alerts.CostAnomaly.earlier: 1w and the window before"),
    "label that quotas do not have": (
        "alerts: {HighQuotaUse: {overrides: [{match: {tenant: a}, warning: 1, critical: 2}]}}",
        (
            "alerts.HighQuotaUse.overrides.0.match.tenant: what is counted here has no label 'tenant', so it would "
            "never match\n      write one of deployment_environment_name, job, model, provider"
        ),
    ),
    "label that queries do not have": (
        f"slos: {{a: {{{SLO.replace('match: {}', 'match: {model: x}')}}}}}",
        "slos.a.match.model: what is counted here has no label 'model'",
    ),
    "expression that ends too early": (
        "alerts: {HighLLMLatency: {overrides: [{match: {model: 'o3('}, warning: 20, critical: 60}]}}",
        "alerts.HighLLMLatency.overrides.0.match.model: 'o3(' is no regular expression",
    ),
    "expression in a budget": (
        f"budgets: {{limits: {{d: {{{LIMIT.replace('{}', '{tenant: (?!x)y}', 1)}, period: day}}}}}}",
        "budgets.limits.d.match.tenant: '(?!x)y' looks ahead or behind",
    ),
}

RIGHT = {
    "a latency at an edge": f"slos: {{a: {{{SLO.replace('errors', 'latency').replace('null', '500ms')}}}}}",
    "an edge in other words": f"slos: {{a: {{{SLO.replace('errors', 'latency').replace('null', '1m')}}}}}",
    "the edge of a model's call": f"slos: {{a: {{{SLO.replace('errors', 'latency').replace('null', '2s')}}}}}",
    "a factor just within reach": f"burn_rates: [{{severity: warning, long: 1h, short: 5m, factor: 99, {BURN}}}]",
    "one of two critical rates within reach": f"slos: {{a: {{{SLO.replace('99', '90')}}}}}",
    "a month with a memory": f"retention: {{prometheus: 32d}}\nbudgets: {{limits: {{m: {{{LIMIT}, period: month}}}}}}",
    "a day without": f"budgets: {{limits: {{d: {{{LIMIT}, period: day}}}}}}",
    "one percentage": "budgets: {spent: [100]}",
    "an override": "alerts: {HighLLMLatency: {overrides: [{match: {model: 'o3.*'}, warning: 20, critical: 60}]}}",
    "an override by service": "alerts: {HighQuotaUse: {overrides: [{match: {job: a}, warning: 1, critical: 2}]}}",
    "a promise to a tenant": f"slos: {{a: {{{SLO.replace('match: {}', 'match: {tenant: acme|globex}')}}}}}",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_said_with_its_line_and_what_to_write(name: str, overlay: Callable[..., Path]) -> None:
    text, said = WRONG[name]
    with pytest.raises(ConfigError) as raised:
        load(overlays=[overlay(text)])
    assert said in str(raised.value)
    if "retention:" not in text:  # the line is that of the value that does not fit: there, the shipped one
        assert "my.yaml:1: " in str(raised.value)
    assert len(raised.value.problems) == 1, str(raised.value)


@pytest.mark.parametrize("name", RIGHT)
def test_what_can_be_is_let_through(name: str, overlay: Callable[..., Path]) -> None:
    assert load(overlays=[overlay(RIGHT[name])]) != load()


@pytest.mark.parametrize(
    "expression",
    [
        ".*",
        "gpt-4.*|o3",
        r"a\.b",
        "[a-z]+?",
        r"\pL+",
        r"\p{Greek}",
        "[[:alpha:]]+",
        "(?i)acme",
        "(?P<x>a)b",
        r"a\z",
        "a+",
    ],
)
def test_an_expression_that_re2_reads(expression: str) -> None:
    assert _wrong(expression) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "(",
        "a)",
        "[a",
        "*a",
        "(?=a)",
        "(?!a)b",
        "(?<=a)b",
        "(?<!a)b",
        r"(a)\1",
        "(?P<x>a)(?P=x)",
        "a++",
        "(?>a)",
        "a{1001}",
    ],
)
def test_an_expression_that_re2_does_not_read(expression: str) -> None:
    assert _wrong(expression)


@pytest.mark.parametrize("expression", ["[(?=]", r"\\1", "a{1000}", "[*+]+"])
def test_what_only_looks_foreign(expression: str) -> None:
    assert _wrong(expression) == ""
