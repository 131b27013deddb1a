"""What silences what, said by the real Alertmanager: the same trouble, and what is not."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from heliograph.config import load, render

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

Alertmanager = Any  # tests/routing/conftest.py
Labels = dict[str, str]

HERE = {"job": "assistant", "deployment_environment_name": "prod"}
WARNING = {"severity": "warning", "level": "P3"}
CRITICAL = {"severity": "critical", "level": "P2"}
P1 = {"severity": "critical", "level": "P1"}

OTHER_SERVICE = {"job": "another"}
OTHER_ENVIRONMENT = {"deployment_environment_name": "staging"}
OTHER_PROVIDER = {"provider": "anthropic"}
ELSEWHERE = (OTHER_SERVICE, OTHER_ENVIRONMENT)


def alert(name: str, *labels: Labels, **more: str) -> Labels:
    return {"alertname": name, **{key: value for part in labels for key, value in part.items()}, **more}


@dataclass(frozen=True)
class Case:
    """`source` silences each of `silenced`, but not the first of them with any of `apart` laid over it."""

    source: Labels
    silenced: tuple[Labels, ...]
    apart: tuple[Labels, ...] = ()
    heard: tuple[Labels, ...] = ()
    """Whole alerts that go on being sent."""


CALLS = alert("HighLLMErrorRate", HERE, WARNING, provider="openai", model="gpt-4o")
BUDGET = {"budget": "all-services"}
DOWN = alert("ServiceDown", P1, HERE, signal="heartbeat")


def _down(job: str) -> Labels:
    return alert("ServiceDown", P1, job=job, instance=f"{job}:1", signal="scrape")


def _canary(signal: str) -> Labels:
    return alert("CanaryMissing", CRITICAL, job="heliograph-canary", reason="not_arrived", signal=signal)


CANARY_GONE = alert("CanaryMissing", WARNING, job="heliograph-canary/2", reason="gone")


def _queue(store: str, tier: Labels) -> Labels:
    return alert("CollectorQueueFilling", tier, job="collector", exporter=store)


def _store_down(job: str, exporter: str) -> Case:
    return Case(
        _down(job),
        (_queue(exporter, WARNING),),
        ({"exporter": "otlp_http/elsewhere"},),
        (_queue(exporter, CRITICAL),),
    )


# Name of the rule → its two sides.
CASES: dict[str, Case] = {
    "critical silences its warning": Case(
        CALLS | CRITICAL,
        (CALLS,),
        (
            *ELSEWHERE,
            OTHER_PROVIDER,
            {"alertname": "HighLLMLatency"},
            {"model": "o3"},
            *({name: "x"} for name in ("instance", "chain", "tenant", "user_id", "type", "slo", "kind", "budget")),
            *({name: "x"} for name in ("exporter", "mountpoint", "device")),
        ),
    ),
    "P1 silences lower levels": Case(
        alert("HighQueryErrorRate", HERE, P1), (alert("HighQueryErrorRate", HERE, CRITICAL),), ELSEWHERE
    ),
    "P2 silences lower levels": Case(
        alert("HighHourlyTokens", HERE, WARNING, level="P2"), (alert("HighHourlyTokens", HERE, WARNING),), ELSEWHERE
    ),
    "P3 silences lower levels": Case(
        alert("HighHourlyTokens", HERE, WARNING), (alert("HighHourlyTokens", HERE, WARNING, level="P4"),), ELSEWHERE
    ),
    "service down silences its symptoms": Case(
        DOWN,
        (
            alert("NoTraffic", HERE, CRITICAL),
            alert("HighQueryErrorRate", HERE, P1),
            alert("HighQueryLatency", HERE, WARNING),
            alert("ErrorBudgetBurn", HERE, CRITICAL, slo="query-success", kind="errors"),
            alert("HighPipelineErrorRate", HERE, WARNING, chain="rag"),
            alert("HighPipelineLatency", HERE, WARNING, chain="rag"),
        ),
        ELSEWHERE,
        (alert("HighHourlyCost", HERE, CRITICAL), alert("CredentialsRefused", HERE, CRITICAL, provider="openai")),
    ),
    "collector down silences heartbeats": Case(
        _down("collector"), (DOWN,), ({"signal": "scrape"},), (_down("loki"), alert("HighHourlyCost", HERE, CRITICAL))
    ),
    "collector down silences what lacks data": Case(
        _down("collector"),
        (alert("NoTraffic", HERE, CRITICAL), alert("TelemetryRefused", WARNING, job="collector")),
        heard=(alert("TelemetryLost", CRITICAL, job="collector"),),
    ),
    "loki down silences its rules": Case(
        _down("loki"), (alert("RulesFailing", CRITICAL, job="loki"),), ({"job": "prometheus"},)
    ),
    **{
        f"{server} down silences its canary": Case(
            _down(server), tuple(_canary(signal) for signal in signals), heard=(*map(_canary, others), CANARY_GONE)
        )
        for server, signals, others in (
            ("loki", ("logs",), ("metrics", "traces")),
            ("jaeger", ("traces",), ("logs", "metrics")),
            ("prometheus", ("metrics",), ("logs", "traces")),
            ("collector", ("logs", "metrics", "traces"), ()),
        )
    },
    "loki down silences the filling of its queue": _store_down("loki", "otlp_http/loki"),
    "prometheus down silences the filling of its queue": _store_down("prometheus", "otlp_http/prometheus"),
    "jaeger down silences the filling of its queue": _store_down("jaeger", "otlp_grpc/jaeger"),
    "meter down silences the filling of its queue": _store_down("meter", "otlp_http/meter"),
    "provider outage silences its models": Case(
        alert("ProviderOutage", CRITICAL, deployment_environment_name="prod", provider="openai"),
        (CALLS, CALLS | CRITICAL, CALLS | OTHER_SERVICE, CALLS | {"alertname": "HighLLMLatency"}),
        (OTHER_ENVIRONMENT, OTHER_PROVIDER),
        (alert("HighQueryErrorRate", HERE, P1), alert("CredentialsRefused", HERE, CRITICAL, provider="openai")),
    ),
    "provider outage silences its models (warnings)": Case(
        alert("ProviderOutage", WARNING, deployment_environment_name="prod", provider="openai"),
        (CALLS,),
        (OTHER_ENVIRONMENT, OTHER_PROVIDER, CRITICAL),
    ),
    "provider outage silences pipelines": Case(
        alert("ProviderOutage", CRITICAL, deployment_environment_name="prod", provider="openai"),
        (alert("HighPipelineErrorRate", HERE, WARNING, chain="rag"),),
        (OTHER_ENVIRONMENT, {"alertname": "HighPipelineLatency"}),
    ),
    "provider outage silences pipelines (warnings)": Case(
        alert("ProviderOutage", WARNING, deployment_environment_name="prod", provider="openai"),
        (alert("HighPipelineErrorRate", HERE, WARNING, chain="rag"),),
        (OTHER_ENVIRONMENT, CRITICAL),
    ),
    "refused credentials silence failing calls": Case(
        alert("CredentialsRefused", HERE, CRITICAL, provider="openai"),
        (CALLS, CALLS | CRITICAL),
        (*ELSEWHERE, OTHER_PROVIDER, {"alertname": "HighLLMLatency"}),
    ),
    "refused credentials silence failing calls (warnings)": Case(
        alert("CredentialsRefused", HERE, WARNING, provider="openai"),
        (CALLS,),
        (*ELSEWHERE, OTHER_PROVIDER, CRITICAL),
    ),
    "failing queries silence their error budget": Case(
        alert("HighQueryErrorRate", HERE, CRITICAL),
        (alert("ErrorBudgetBurn", HERE, CRITICAL, slo="query-success", kind="errors"),),
        (*ELSEWHERE, {"kind": "latency"}),
    ),
    "failing queries silence their error budget (warnings)": Case(
        alert("HighQueryErrorRate", HERE, WARNING),
        (alert("ErrorBudgetBurn", HERE, WARNING, slo="query-success", kind="errors"),),
        (*ELSEWHERE, {"kind": "latency"}, CRITICAL),
    ),
    "failing queries silence failing pipelines": Case(
        alert("HighQueryErrorRate", HERE, CRITICAL),
        (alert("HighPipelineErrorRate", HERE, WARNING, chain="rag"),),
        (*ELSEWHERE, {"alertname": "HighPipelineLatency"}),
    ),
    "failing queries silence failing pipelines (warnings)": Case(
        alert("HighQueryErrorRate", HERE, WARNING),
        (alert("HighPipelineErrorRate", HERE, WARNING, chain="rag"),),
        (*ELSEWHERE, CRITICAL),
    ),
    "slow queries silence their latency budget": Case(
        alert("HighQueryLatency", HERE, CRITICAL),
        (alert("ErrorBudgetBurn", HERE, CRITICAL, slo="query-speed", kind="latency"),),
        (*ELSEWHERE, {"kind": "errors"}),
    ),
    "slow queries silence their latency budget (warnings)": Case(
        alert("HighQueryLatency", HERE, WARNING),
        (alert("ErrorBudgetBurn", HERE, WARNING, slo="query-speed", kind="latency"),),
        (*ELSEWHERE, {"kind": "errors"}, CRITICAL),
    ),
    "slow queries silence slow pipelines": Case(
        alert("HighQueryLatency", HERE, CRITICAL),
        (alert("HighPipelineLatency", HERE, WARNING, chain="rag"),),
        (*ELSEWHERE, {"alertname": "HighPipelineErrorRate"}),
    ),
    "slow queries silence slow pipelines (warnings)": Case(
        alert("HighQueryLatency", HERE, WARNING),
        (alert("HighPipelineLatency", HERE, WARNING, chain="rag"),),
        (*ELSEWHERE, CRITICAL),
    ),
    "a spent budget silences its burn": Case(
        alert("CostBudgetSpent", CRITICAL, BUDGET, tenant="acme"),
        (
            alert("CostBudgetBurn", CRITICAL, BUDGET, tenant="acme"),
            alert("CostBudgetRunsOut", WARNING, BUDGET, tenant="acme"),
        ),
        ({"budget": "another"}, {"tenant": "globex"}, {"model": "o3"}, {"chain": "rag"}, {"job": "another"}),
    ),
    "hourly cost silences its projection": Case(
        alert("HighHourlyCost", HERE, CRITICAL),
        (alert("HighDailyCost", HERE, WARNING, level="P4"), alert("CostAnomaly", HERE, WARNING)),
        ELSEWHERE,
        (alert("HighHourlyTokens", HERE, CRITICAL),),
    ),
    "hourly cost silences its projection (warnings)": Case(
        alert("HighHourlyCost", HERE, WARNING),
        (alert("HighDailyCost", HERE, WARNING, level="P4"), alert("CostAnomaly", HERE, WARNING)),
        (*ELSEWHERE, CRITICAL),
    ),
}


@pytest.fixture(scope="module")
def alertmanager(run_alertmanager: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """Run Alertmanager as shipped; what it would send to the inbox goes nowhere."""
    with run_alertmanager(tmp_path_factory.mktemp("inhibition"), {}) as running:
        yield running


def _wait(server: Alertmanager, target: Labels, *, inhibited: bool) -> bool:
    """Return whether `target` came to be (or to be no longer) inhibited: Alertmanager looks at new alerts by and by."""
    deadline = time.monotonic() + 10
    while bool(server.status(target)["inhibitedBy"]) is not inhibited:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextlib.contextmanager
def _firing(server: Alertmanager, case: Case, *targets: Labels) -> Iterator[None]:
    """Let the cause and the targets fire, and go on once the cause is known; leave nothing behind."""
    known = case.silenced[0]
    server.post(case.source, known)
    assert _wait(server, known, inhibited=True), known
    server.post(*targets)
    try:
        yield
    finally:
        server.end(case.source, *(target for target in targets if target != known))
        assert _wait(server, known, inhibited=False)
        server.end(known)


@pytest.mark.parametrize("name", CASES)
def test_the_cause_silences_what_follows_from_it(name: str, alertmanager: Alertmanager) -> None:
    case = CASES[name]
    with _firing(alertmanager, case, *case.silenced):
        for target in case.silenced:
            assert _wait(alertmanager, target, inhibited=True), target


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_is_silenced(name: str, alertmanager: Alertmanager) -> None:
    case = CASES[name]
    for target in [*(case.silenced[0] | other for other in case.apart), *case.heard]:
        # One at a time: they may be causes of each other.
        with _firing(alertmanager, case, target):
            assert alertmanager.status(target)["inhibitedBy"] == [], target


def _rules() -> list[dict[str, Any]]:
    text = render(load())["alertmanager/generated/alertmanager.yaml"]
    rules: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(text)["inhibit_rules"]
    return rules


def test_every_rule_has_a_name_of_its_own_and_a_case() -> None:
    assert [rule["name"] for rule in _rules()] == list(CASES)


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["name"])
def test_no_ticket_silences_a_page(rule: dict[str, Any]) -> None:
    """Either the source is critical, or only warnings are silenced, or both differ in their level only."""
    source, target = " ".join(rule["source_matchers"]), " ".join(rule["target_matchers"])
    assert (
        'severity="critical"' in source
        or 'alertname="ServiceDown"' in source  # always P1
        or 'severity="warning"' in target
        or 'level="' in source
    )
