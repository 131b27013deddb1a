"""The shape of `heliograph.yaml`: what is promised to users, and what may be spent."""

from typing import Annotated, Literal

from pydantic import Field

from heliograph.config._section import Section
from heliograph.config._types import Count, Duration, Limit, Name, Percent, Span, Text, TimeZone

__all__ = ["Budgets", "BurnRate", "Slo"]


class Slo(Section):
    """A promise: this percentage of queries (calls, pipeline runs) succeeds, or is answered within a time."""

    scope: Literal["llm", "pipeline", "query"]
    kind: Literal["errors", "latency"]
    objective: Annotated[Percent, Field(lt=100, json_schema_extra={"exclusiveMaximum": 100})]
    within: Span | None
    match: dict[Literal["chain", "deployment_environment_name", "job", "model", "provider", "tenant"], Text]
    minimum: Count
    team: Name | None = None


class BurnRate(Section):
    """A pair of windows over which the error budget burns `factor` times as fast as it may."""

    severity: Literal["critical", "warning"]
    long: Span
    short: Span
    factor: Limit
    for_: Duration = Field(alias="for")
    keep_firing_for: Duration


class Budget(Section):
    """What may be spent in a day or a month, by all that matches or by each of a kind."""

    usd: Limit
    period: Literal["day", "month"]
    match: dict[Literal["chain", "deployment_environment_name", "job", "model", "provider", "tenant"], Text]
    each: Literal["chain", "job", "model", "tenant"] | None
    team: Name | None = None


class Budgets(Section):
    """Budgets, and when their alerts fire."""

    time_zone: TimeZone
    spent: Annotated[list[Percent], Field(min_length=1)]
    runs_out_within: Span
    pace: Span
    for_: Duration = Field(alias="for")
    keep_firing_for: Duration
    burn: list[BurnRate]
    limits: dict[Name, Budget]
