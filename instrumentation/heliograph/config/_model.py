"""The shape of `heliograph.yaml`. No defaults: the shipped file states every value, and overlays change some."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, StrictBool

from heliograph.config._alerts import Alerts
from heliograph.config._audiences import Teams
from heliograph.config._budgets import Budgets, BurnRate, Slo
from heliograph.config._channels import Channels
from heliograph.config._durability import Durability
from heliograph.config._routing import Routing
from heliograph.config._section import Section
from heliograph.config._types import HeaderText, Name, Span, Text, Url, Whole

__all__ = ["Alerts", "CanaryPart", "Channels", "Config", "Links", "MeterPart"]


class Links(Section):
    """Where people open the user interfaces; the links of notifications and boards start with these."""

    grafana: Url
    prometheus: Url
    alertmanager: Url
    jaeger: Url
    runbooks: Url


class Paths(Section):
    """Where Alertmanager finds its files; `secrets: None` means: where they lie on this machine."""

    templates: Text
    secrets: Text | None


class Intervals(Section):
    """How often things happen."""

    evaluation: Span
    recording: Span
    scrape: Span
    loki_ruler: Span
    metric_export: Span


class Retention(Section):
    """How long the stores keep what they hold."""

    prometheus: Span
    loki: Span
    jaeger: Span


class LangSmith(Section):
    """A copy of the traces about models, which the collector sends to LangSmith."""

    enabled: StrictBool
    api_key_file: Text | None
    project: HeaderText
    url: Url


class Destinations(Section):
    """Where copies go, beside the stores of the stack."""

    langsmith: LangSmith


class Meter(Section):
    """How long `heliograph meter` waits, and how much it holds."""

    wait: Span
    waiting: Whole
    remember: Whole
    resent: Span
    resent_spans: Whole
    applications: Whole
    idle: Span


class Canary(Section):
    """How often `heliograph canary` calls, and how long it looks for a call."""

    enabled: StrictBool
    every: Span
    within: Span


class Dashboards(Section):
    """What the boards have in common."""

    refresh: Span
    time_from: Text
    timezone: Text
    rate_window: Span


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


class CanaryPart(BaseModel):
    """What `heliograph canary` reads of the file. A mistake elsewhere is no reason to look at nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    intervals: Intervals
    canary: Canary


class Config(Section):
    """`heliograph.yaml` with its overlays, checked."""

    external_url: Url
    links: Links
    paths: Paths
    channels: Channels
    teams: Teams
    routing: Routing
    destinations: Destinations
    intervals: Intervals
    retention: Retention
    durability: Durability
    meter: Meter
    canary: Canary
    dashboards: Dashboards
    alerts: Alerts
    slos: dict[Name, Slo]
    burn_rates: list[BurnRate]
    budgets: Budgets
    prices: _Prices

    # What was read, before links were derived: `merged` starts again from it.
    _source: dict[str, Any] = PrivateAttr(default_factory=dict)

    def merged(self, values: Mapping[str, Any], *, check: bool = True) -> "Config":
        """Return a copy with `values` merged deeply onto it, checked like an overlay.

        For programs that know addresses better than the file, such as the launcher with its own ports:
        `config.merged({"channels": {"inbox": {"smtp": "127.0.0.1:1025"}}})`. Links that the file leaves to be
        derived follow a new `external_url`.

        Raises `ConfigError`. Without `check` only the kinds of values are looked at, not what holds between them, and
        a wrong one raises pydantic's `ValidationError`: to see what a value would do.
        """
        from heliograph.config._load import build, merge, unchecked

        return (build if check else unchecked)(merge(self._source, values))

    def plain(self) -> dict[str, Any]:
        """Return the configuration as plain values under the file's own keys, for Jsonnet and `--json`."""
        return self.model_dump(mode="json", by_alias=True)
