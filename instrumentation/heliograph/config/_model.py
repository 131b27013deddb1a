"""The shape of `heliograph.yaml`. No defaults: the shipped file states every value, and overlays change some."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, StrictBool

from heliograph.config._types import (
    Address,
    Count,
    Duration,
    HeaderText,
    HostPort,
    Limit,
    Percent,
    PhoneNumber,
    Span,
    Text,
    Url,
    Whole,
)

__all__ = ["Alerts", "Channels", "Config", "Links", "MeterPart"]


class _Section(BaseModel):
    """A mapping of the file: unknown keys are mistakes, values do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Links(_Section):
    """Where people open the user interfaces; the links of notifications and boards start with these."""

    grafana: Url
    prometheus: Url
    alertmanager: Url
    jaeger: Url
    runbooks: Url


class Paths(_Section):
    """Where Alertmanager finds its files; `secrets: None` means: where they lie on this machine."""

    templates: Text
    secrets: Text | None


class Intervals(_Section):
    """How often things happen."""

    evaluation: Span
    scrape: Span
    loki_ruler: Span
    metric_export: Span


class Retention(_Section):
    """How long the stores keep what they hold."""

    prometheus: Span
    loki: Span
    jaeger: Span


class Routing(_Section):
    """Alertmanager's grouping of notifications."""

    group_wait: Duration
    group_interval: Span
    repeat_interval: Span


class Inbox(_Section):
    """The local mailbox and webhook of `heliograph inbox`."""

    enabled: StrictBool
    smtp: HostPort
    webhook: Url
    address: Address
    sender: Address


class SlackRoom(_Section):
    """One Slack channel; a webhook of its own where the workspace binds webhooks to channels."""

    room: Text
    webhook_url_file: Text | None


class Slack(_Section):
    """Slack incoming webhooks, one room for each severity."""

    enabled: StrictBool
    webhook_url_file: Text | None
    warning: SlackRoom
    critical: SlackRoom


class Email(_Section):
    """A mail server and the people behind each severity."""

    enabled: StrictBool
    smarthost: HostPort
    sender: Address
    username: Text | None
    password_file: Text | None
    require_tls: StrictBool
    warning: list[Address] = Field(min_length=1)
    critical: list[Address] = Field(min_length=1)


class Sns(_Section):
    """Text messages through Amazon SNS."""

    region: Text
    credentials_file: Text | None
    profile: Text | None


class Sms(_Section):
    """Text messages, for critical alerts only."""

    enabled: StrictBool
    numbers: list[PhoneNumber]
    via: Literal["sns", "webhook"]
    sns: Sns
    webhook_url_file: Text | None


class Channels(_Section):
    """The ways to reach people."""

    inbox: Inbox
    slack: Slack
    email: Email
    sms: Sms


class LangSmith(_Section):
    """A copy of the traces about models, which the collector sends to LangSmith."""

    enabled: StrictBool
    api_key_file: Text | None
    project: HeaderText
    url: Url


class Destinations(_Section):
    """Where copies go, beside the stores of the stack."""

    langsmith: LangSmith


class Meter(_Section):
    """How long `heliograph meter` waits, and how much it holds."""

    wait: Span
    waiting: Whole
    remember: Whole
    applications: Whole
    idle: Span


class Dashboards(_Section):
    """What the boards have in common."""

    refresh: Span
    time_from: Text
    timezone: Text


class _Rule(_Section):
    """How long an expression must be true before the alert fires, and how long the alert outlives it."""

    for_: Duration = Field(alias="for")
    keep_firing_for: Duration


class _Watched(_Rule):
    """A rule over a window with two tiers; a tier that is `null` does not exist."""

    window: Span
    confirmed: StrictBool


class LimitRule(_Watched):
    """Thresholds in a unit of their own: USD, tokens."""

    warning: Limit | None
    critical: Limit | None


class CountedLimitRule(LimitRule):
    """Thresholds that mean something only above a number of observations: quantiles."""

    minimum: Count


class PercentRule(_Watched):
    """Thresholds in percent, with a number of observations below which nobody is told."""

    warning: Percent | None
    critical: Percent | None
    minimum: Count


class QueryErrorRule(PercentRule):
    """Users' errors: a third tier that is an incident of the first level."""

    p1: Percent | None


class DownRule(_Rule):
    """A scrape target that does not answer, or an application whose heartbeat has stopped."""

    heartbeat_age: Span
    heartbeat_lookback: Span


class Alerts(_Section):
    """The alerts by the names under which people meet them."""

    HighQueryErrorRate: QueryErrorRule
    HighLLMErrorRate: PercentRule
    HighQueryLatency: CountedLimitRule
    HighLLMLatency: CountedLimitRule
    HighQuotaUse: PercentRule
    HighHourlyCost: LimitRule
    HighHourlyTokens: LimitRule
    HighDailyCost: LimitRule
    ServiceDown: DownRule


def _checked_elsewhere(value: object) -> object:
    """Let wrong values pass: `_checks` finds them, all of them and in words."""
    return value if isinstance(value, dict) else {}


# The schema of prices stands where applications read the same without this module: `heliograph.genai._prices`.
_Prices = Annotated[dict[str, Any], BeforeValidator(_checked_elsewhere)]


class MeterPart(BaseModel):
    """What `heliograph meter` reads of the file. A mistake elsewhere is no reason to count nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    intervals: Intervals
    meter: Meter
    prices: _Prices


class Config(_Section):
    """`heliograph.yaml` with its overlays, checked."""

    external_url: Url
    links: Links
    paths: Paths
    channels: Channels
    routing: Routing
    destinations: Destinations
    intervals: Intervals
    retention: Retention
    meter: Meter
    dashboards: Dashboards
    alerts: Alerts
    prices: _Prices

    # What was read, before links were derived: `merged` starts again from it.
    _source: dict[str, Any] = PrivateAttr(default_factory=dict)

    def merged(self, values: Mapping[str, Any]) -> "Config":
        """Return a copy with `values` merged deeply onto it, checked like an overlay.

        For programs that know addresses better than the file, such as the launcher with its own ports:
        `config.merged({"channels": {"inbox": {"smtp": "127.0.0.1:1025"}}})`. Links that the file leaves to be
        derived follow a new `external_url`.

        Raises `ConfigError`.
        """
        from heliograph.config._load import build, merge

        return build(merge(self._source, values))

    def plain(self) -> dict[str, Any]:
        """Return the configuration as plain values under the file's own keys, for Jsonnet and `--json`."""
        return self.model_dump(mode="json", by_alias=True)
