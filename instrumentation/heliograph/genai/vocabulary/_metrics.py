"""Metrics: names, instruments, units, labels and histogram edges. Their only home in Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "ACTIVE_SESSIONS",
    "APPLICATION_METRICS",
    "CALLS",
    "CALL_LABELS",
    "CHAIN_LATENCY",
    "CLEAN_EXIT",
    "DROPPED",
    "HEARTBEAT",
    "LABELS_FOLDED",
    "LLM_CACHED_TOKENS",
    "LLM_CLIENT_RETRIES",
    "LLM_COST",
    "LLM_ESTIMATED_TOKENS",
    "LLM_LATENCY",
    "LLM_LATE_CALLS",
    "LLM_QUOTA_LIMIT",
    "LLM_QUOTA_REMAINING",
    "LLM_QUOTA_USED_RATIO",
    "LLM_REASONING_TOKENS",
    "LLM_REQUESTS",
    "LLM_TIME_PER_OUTPUT_TOKEN",
    "LLM_TIME_TO_FIRST_TOKEN",
    "LLM_TOKENS",
    "LLM_UNPRICED_TOKENS",
    "LLM_WASTED_COST",
    "PRICE_AGE",
    "QUERY_COST",
    "QUERY_LATENCY",
    "QUERY_LLM_CALLS",
    "QUERY_REQUESTS",
    "REDACTION_FAILURES",
    "SECONDS",
    "SECONDS_TO_FIRST_TOKEN",
    "TOOL_CALLS",
    "USD",
    "MetricSpec",
    "prometheus_name",
]

CALL_LABELS: Final = ("model", "provider", "operation", "chain", "tenant")
"""Labels of every `llm_*` metric about a call. `chain` and `tenant` are "" when not set."""

SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Edges in seconds: every default threshold (2, 5, 30, 60 s) is one of them."""

SECONDS_TO_FIRST_TOKEN: Final = (0.01, 0.025, *SECONDS)
"""Edges in seconds for times of one token."""

USD: Final = (0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Edges in US dollars: 0.10, the default limit of a query's cost, is one of them."""

CALLS: Final = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Edges in calls of models within one query: a plain answer takes 1 to 3, an agent tens, a runaway one hundreds."""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric. `unit` is UCUM ("s") or "" where a unit would spoil the Prometheus name (USD)."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    labels: tuple[str, ...]
    description: str
    unit: str = ""
    edges: tuple[float, ...] = ()
    exemplars: bool = False


LLM_REQUESTS: Final = MetricSpec(
    "llm_requests",
    "counter",
    (*CALL_LABELS, "status", "error_type"),
    "Attempts at a provider. status is success, error or cancelled; error_type is set on errors only.",
)
LLM_TOKENS: Final = MetricSpec(
    "llm_tokens",
    "counter",
    (*CALL_LABELS, "type"),
    "Tokens billed, by type (input, output). Cached and reasoning tokens are included.",
)
LLM_CACHED_TOKENS: Final = MetricSpec(
    "llm_cached_tokens",
    "counter",
    (*CALL_LABELS, "type"),
    "Input tokens read from or written to the provider's prompt cache: a subset of llm_tokens{type=input}.",
)
LLM_REASONING_TOKENS: Final = MetricSpec(
    "llm_reasoning_tokens",
    "counter",
    CALL_LABELS,
    "Output tokens spent on reasoning: a subset of llm_tokens{type=output}.",
)
LLM_UNPRICED_TOKENS: Final = MetricSpec(
    "llm_unpriced_tokens",
    "counter",
    (*CALL_LABELS, "type"),
    "Tokens of models without a known price. They are in llm_tokens, but in no cost.",
)
LLM_COST: Final = MetricSpec("llm_cost", "counter", CALL_LABELS, "Cost of calls, in US dollars.", exemplars=True)
LLM_ESTIMATED_TOKENS: Final = MetricSpec(
    "llm_estimated_tokens",
    "counter",
    (*CALL_LABELS, "type"),
    "Tokens that no provider reported and that were estimated from the texts: a subset of llm_tokens.",
)
LLM_WASTED_COST: Final = MetricSpec(
    "llm_wasted_cost",
    "counter",
    (*CALL_LABELS, "reason"),
    "Cost, in US dollars, of calls whose answer was of no use: reason is error, cancelled or blocked.",
)
LLM_LATENCY: Final = MetricSpec(
    "llm_latency",
    "histogram",
    (*CALL_LABELS, "status"),
    "Time from the request to the end of the answer (of the stream, when streamed).",
    unit="s",
    edges=SECONDS,
    exemplars=True,
)
LLM_TIME_TO_FIRST_TOKEN: Final = MetricSpec(
    "llm_time_to_first_token",
    "histogram",
    CALL_LABELS,
    "Time from the request to the first chunk of a streamed answer.",
    unit="s",
    edges=SECONDS_TO_FIRST_TOKEN,
    exemplars=True,
)
LLM_TIME_PER_OUTPUT_TOKEN: Final = MetricSpec(
    "llm_time_per_output_token",
    "histogram",
    CALL_LABELS,
    "(latency - time to first token) / (output tokens - 1) of a streamed answer.",
    unit="s",
    edges=SECONDS_TO_FIRST_TOKEN,
    exemplars=True,
)
LLM_CLIENT_RETRIES: Final = MetricSpec(
    "llm_client_retries",
    "counter",
    ("model", "provider", "reason"),
    "Requests a client library repeated by itself within one call: reason is the HTTP status, or connection.",
)
LLM_QUOTA_LIMIT: Final = MetricSpec(
    "llm_quota_limit",
    "gauge",
    ("model", "provider", "type"),
    "The provider's limit in its current window, from its rate-limit headers: type is requests, tokens, input_tokens "
    "or output_tokens.",
)
LLM_QUOTA_REMAINING: Final = MetricSpec(
    "llm_quota_remaining",
    "gauge",
    ("model", "provider", "type"),
    "What is left of llm_quota_limit.",
)
LLM_QUOTA_USED_RATIO: Final = MetricSpec(
    "llm_quota_used_ratio",
    "gauge",
    ("model", "provider", "type"),
    "1 - remaining / limit of the provider's quota, between 0 and 1.",
)
LLM_LATE_CALLS: Final = MetricSpec(
    "llm_late_calls",
    "counter",
    ("provider",),
    "Calls that reached the meter service later than it waits for inner spans: counted, and maybe a repetition.",
)
QUERY_REQUESTS: Final = MetricSpec(
    "query_requests",
    "counter",
    ("status", "query_type", "tenant", "chain", "error_type"),
    "Queries: what users asked for. error_type is set on errors only.",
)
QUERY_LATENCY: Final = MetricSpec(
    "query_latency",
    "histogram",
    ("status", "query_type", "tenant", "chain"),
    "Time of a query, from its start to its end.",
    unit="s",
    edges=SECONDS,
    exemplars=True,
)
QUERY_COST: Final = MetricSpec(
    "query_cost",
    "histogram",
    ("query_type", "tenant", "chain"),
    "Cost of all calls within a query, in US dollars.",
    edges=USD,
    exemplars=True,
)
QUERY_LLM_CALLS: Final = MetricSpec(
    "query_llm_calls",
    "histogram",
    ("query_type", "tenant", "chain"),
    "Calls of models within a query, up to its end.",
    edges=CALLS,
    exemplars=True,
)
CHAIN_LATENCY: Final = MetricSpec(
    "chain_latency",
    "histogram",
    ("chain", "status"),
    "Time of one run of a chain, from its start to its end; a chain within a chain has a run of its own. The "
    "histogram's count is the number of runs.",
    unit="s",
    edges=SECONDS,
    exemplars=True,
)
TOOL_CALLS: Final = MetricSpec(
    "tool_calls",
    "counter",
    ("tool", "status", "error_type", "chain"),
    "Runs of tools, as agents ask for them. status is success, error or cancelled; error_type is set on errors only.",
)
ACTIVE_SESSIONS: Final = MetricSpec(
    "active_sessions", "gauge", (), "Sessions with a query in the last 5 minutes, in this process."
)
HEARTBEAT: Final = MetricSpec(
    "heliograph_heartbeat", "gauge", (), "Unix time of the last export, in seconds: the process lives."
)
CLEAN_EXIT: Final = MetricSpec(
    "heliograph_clean_exit", "gauge", (), "Unix time, in seconds, at which the process ended by intention."
)
LABELS_FOLDED: Final = MetricSpec(
    "heliograph_labels_folded",
    "counter",
    ("label",),
    "Label values beyond the cap of their label, counted as other.",
)
DROPPED: Final = MetricSpec(
    "heliograph_dropped",
    "counter",
    ("signal", "reason"),
    "Spans, log records and points of metrics that will never arrive. signal is traces, logs or metrics; reason is "
    "queue_full, gave_up, refused, too_large, unencodable, spool_full, corrupt or process_end. With the reason limits "
    "the item arrives, but without a part.",
)
REDACTION_FAILURES: Final = MetricSpec(
    "heliograph_redaction_failures",
    "counter",
    (),
    "Values left out of telemetry because a redact function of the application's failed on them.",
)
PRICE_AGE: Final = MetricSpec(
    "heliograph_price_age", "gauge", (), "Age of the price list in use, in seconds.", unit="s"
)

APPLICATION_METRICS: Final = (
    LLM_REQUESTS,
    LLM_TOKENS,
    LLM_CACHED_TOKENS,
    LLM_REASONING_TOKENS,
    LLM_UNPRICED_TOKENS,
    LLM_ESTIMATED_TOKENS,
    LLM_COST,
    LLM_WASTED_COST,
    LLM_LATENCY,
    LLM_TIME_TO_FIRST_TOKEN,
    LLM_TIME_PER_OUTPUT_TOKEN,
    LLM_CLIENT_RETRIES,
    LLM_QUOTA_LIMIT,
    LLM_QUOTA_REMAINING,
    LLM_QUOTA_USED_RATIO,
    LLM_LATE_CALLS,
    QUERY_REQUESTS,
    QUERY_LATENCY,
    QUERY_COST,
    QUERY_LLM_CALLS,
    CHAIN_LATENCY,
    TOOL_CALLS,
    ACTIVE_SESSIONS,
    HEARTBEAT,
    CLEAN_EXIT,
    LABELS_FOLDED,
    DROPPED,
    REDACTION_FAILURES,
    PRICE_AGE,
)


def prometheus_name(spec: MetricSpec) -> str:
    """Give the metric's name in Prometheus, after its OTLP translation (unit and `_total` suffixes)."""
    unit = {"s": "_seconds", "": ""}[spec.unit]
    return f"{spec.name}{unit}{'_total' if spec.kind == 'counter' else ''}"
