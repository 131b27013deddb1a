"""The shape of `heliograph.yaml`: when an alert fires.

An alert has tiers (`warning`, `critical`, `p1`) where its number has degrees, and a `severity` where it has none.
"""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from heliograph.config._section import Section
from heliograph.config._types import Count, Duration, Limit, Name, Percent, Span

__all__ = ["Alerts", "Override"]

Severity = Literal["critical", "warning"]


class _Rule(Section):
    """How long an expression must be true before the alert fires, how long the alert outlives it, and whose it is."""

    for_: Duration = Field(alias="for")
    keep_firing_for: Duration
    team: Name | None = None


class Override(Section):
    """Other thresholds for some series: those with these label values (anchored regular expressions)."""

    match: dict[Literal["chain", "deployment_environment_name", "job", "model", "provider", "tenant"], str] = Field(
        min_length=1
    )
    warning: Limit | None
    critical: Limit | None


class _Watched(_Rule):
    """A rule over a window with two tiers; a tier that is `null` does not exist."""

    window: Span
    confirmed: StrictBool


class LimitRule(_Watched):
    """Thresholds in a unit of their own: USD, tokens."""

    warning: Limit | None
    critical: Limit | None
    overrides: list[Override] = Field(default_factory=list)


class CountedLimitRule(LimitRule):
    """Thresholds that mean something only above a number of observations: quantiles."""

    minimum: Count


class PercentRule(_Watched):
    """Thresholds in percent, with a number of observations below which nobody is told."""

    warning: Percent | None
    critical: Percent | None
    minimum: Count
    overrides: list[Override] = Field(default_factory=list)


class QueryErrorRule(PercentRule):
    """Users' errors: a third tier that is an incident of the first level."""

    p1: Percent | None


class ErrorClassRule(PercentRule):
    """Failures of some classes only, by the names that clients give them."""

    errors: list[Name] = Field(min_length=1)


class DownRule(_Rule):
    """A scrape target that does not answer, or an application whose heartbeat has stopped."""

    heartbeat_age: Span
    heartbeat_lookback: Span


class SingleRule(_Rule):
    """A rule without degrees."""

    severity: Severity


class WindowRule(SingleRule):
    """A rule without degrees that looks back over a window."""

    window: Span


class LossRule(WindowRule):
    """What is gone; `balance`: the accounts of a queue are compared with those of so long ago."""

    balance: Span


class MinimumRule(WindowRule):
    """More than so many within the window."""

    minimum: Count


class CredentialsRule(MinimumRule):
    """Failures of some classes, of which a few say enough."""

    errors: list[Name] = Field(min_length=1)


class TrafficRule(MinimumRule):
    """Nothing now, where there was something a week before; for younger services, `earlier` before."""

    earlier: Span


class AnomalyRule(WindowRule):
    """So many times what it was `earlier` before, and not less than `minimum`."""

    factor: Annotated[Limit, Field(gt=1, json_schema_extra={"exclusiveMinimum": 1})]
    earlier: Span
    minimum: Count


class CanaryRule(SingleRule):
    """A call of the canary that does not arrive; `recovering`: how long a store that was down has, to catch up."""

    recovering: Span


class RunawayRule(WindowRule):
    """One query that does not end: model calls, USD, or the same call again and again. `null`: not watched."""

    steps: Count | None
    cost: Limit | None
    repeats: Count | None


class DiskRule(_Rule):
    """Percent of a file system in use, and the time until it is full at the present pace."""

    warning: Percent | None
    critical: Percent | None
    full_within: Span


class WritingRule(WindowRule):
    """A store that cannot write: percent of its file system in use, and how long Prometheus may store nothing."""

    full: Percent
    blind: Span


class FillRule(_Rule):
    """Percent of a capacity in use."""

    warning: Percent | None
    critical: Percent | None


class CountRule(_Rule):
    """A number that should stay below its thresholds."""

    warning: Count | None
    critical: Count | None


class WatchdogRule(Section):
    """An alert that always fires; who receives it notices when it stops."""

    team: Name | None = None


class Alerts(Section):
    """The alerts by the names under which people meet them."""

    # What users feel.
    HighQueryErrorRate: QueryErrorRule
    HighQueryLatency: CountedLimitRule
    NoTraffic: TrafficRule
    # Pipelines: chains and the nodes within them.
    HighPipelineErrorRate: PercentRule
    HighPipelineLatency: CountedLimitRule
    RunawayAgent: RunawayRule
    # Models and their providers.
    HighLLMErrorRate: PercentRule
    HighLLMLatency: CountedLimitRule
    ProviderOutage: ErrorClassRule
    CredentialsRefused: CredentialsRule
    HighQuotaUse: PercentRule
    # Money.
    HighHourlyCost: LimitRule
    HighHourlyTokens: LimitRule
    HighDailyCost: LimitRule
    HighQueryCost: CountedLimitRule
    HighWastedCost: PercentRule
    HighUserCost: LimitRule
    HighTenantCost: LimitRule
    CostAnomaly: AnomalyRule
    UnpricedModel: MinimumRule
    StalePrices: SingleRule
    # The applications' telemetry.
    ServiceDown: DownRule
    LabelValuesFolded: WindowRule
    RedactionFailing: WindowRule
    # The stack itself.
    TelemetryLost: LossRule
    TelemetryRefused: WindowRule
    StoreCannotWrite: WritingRule
    CollectorQueueFilling: FillRule
    DiskFilling: DiskRule
    CanaryMissing: CanaryRule
    MeterOverloaded: WindowRule
    HighCardinality: CountRule
    RulesFailing: WindowRule
    NotificationsFailing: WindowRule
    ConfigReloadFailed: SingleRule
    Watchdog: WatchdogRule
