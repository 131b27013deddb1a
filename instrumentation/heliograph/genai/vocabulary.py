"""The names Heliograph speaks: metrics, labels, histogram edges, events and span attributes.

This module is their only home in Python; `docs/vocabulary.md` is generated from it by
`python -m heliograph.genai.vocabulary`. It imports nothing outside the standard library, so that any other
module may use it at no cost.

Span attributes follow OpenTelemetry's semantic conventions for generative AI
(https://opentelemetry.io/docs/specs/semconv/gen-ai/); older spellings and those of other instrumentors are
listed beside the current ones, and `heliograph.genai._read` maps all of them to one `Call`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["ATTRIBUTES", "EVENTS", "METRICS", "AttributeSpec", "EventSpec", "MetricSpec", "prometheus_name"]

# -- labels ------------------------------------------------------------------------------------------------

CALL_LABELS: Final = ("model", "provider", "operation", "chain", "tenant")
"""Labels of every `llm_*` metric about a call. `chain` and `tenant` are "" when not set."""

# -- histogram edges ---------------------------------------------------------------------------------------

SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Edges in seconds: every default threshold (2, 5, 30, 60 s) is one of them."""

SECONDS_TO_FIRST_TOKEN: Final = (0.01, 0.025, *SECONDS)
"""Edges in seconds for times of one token."""

USD: Final = (0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Edges in US dollars: 0.10, the default limit of a query's cost, is one of them."""


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
    "The provider's limit in its current window, by type (requests, tokens), from its rate-limit headers.",
)
LLM_QUOTA_REMAINING: Final = MetricSpec(
    "llm_quota_remaining",
    "gauge",
    ("model", "provider", "type"),
    "What is left of llm_quota_limit.",
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
ACTIVE_SESSIONS: Final = MetricSpec(
    "active_sessions", "gauge", (), "Sessions with a query in the last 5 minutes, in this process."
)
HEARTBEAT: Final = MetricSpec(
    "heliograph_heartbeat", "gauge", (), "Unix time of the last export, in seconds: the process lives."
)
CLEAN_EXIT: Final = MetricSpec(
    "heliograph_clean_exit", "gauge", (), "Unix time, in seconds, at which the process ended by intention."
)

METRICS: Final = (
    LLM_REQUESTS,
    LLM_TOKENS,
    LLM_CACHED_TOKENS,
    LLM_REASONING_TOKENS,
    LLM_UNPRICED_TOKENS,
    LLM_COST,
    LLM_WASTED_COST,
    LLM_LATENCY,
    LLM_TIME_TO_FIRST_TOKEN,
    LLM_TIME_PER_OUTPUT_TOKEN,
    LLM_CLIENT_RETRIES,
    LLM_QUOTA_LIMIT,
    LLM_QUOTA_REMAINING,
    QUERY_REQUESTS,
    QUERY_LATENCY,
    QUERY_COST,
    ACTIVE_SESSIONS,
    HEARTBEAT,
    CLEAN_EXIT,
)

# -- events ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One OTLP log event. Its name also travels as the attribute `event_name`: Loki drops OTLP's own field."""

    name: str
    attributes: tuple[str, ...]
    description: str


LLM_CALL: Final = EventSpec(
    "llm.call",
    (
        "model",
        "provider",
        "operation",
        "chain",
        "status",
        "error_type",
        "user_id",
        "session_id",
        "tenant",
        "query_type",
        "prompt_name",
        "prompt_version",
        "llm_input_tokens",
        "llm_output_tokens",
        "llm_cached_tokens",
        "llm_reasoning_tokens",
        "llm_cost_usd",
        "llm_latency_seconds",
        "llm_time_to_first_token_seconds",
        "finish_reason",
        "response_id",
        "unpriced",
    ),
    "One per provider call: the wide event. Absent attributes were not known.",
)
QUERY_FINISHED: Final = EventSpec(
    "query.finished",
    (
        "user_id",
        "session_id",
        "tenant",
        "query_type",
        "chain",
        "status",
        "error_type",
        "query_latency_seconds",
        "query_cost_usd",
        "llm_calls",
    ),
    "One per query.",
)
CHAIN_STARTED: Final = EventSpec("chain.started", ("chain",), "A chain began.")
CHAIN_FINISHED: Final = EventSpec(
    "chain.finished", ("chain", "status", "error_type", "chain_latency_seconds"), "A chain ended."
)

EVENTS: Final = (LLM_CALL, QUERY_FINISHED, CHAIN_STARTED, CHAIN_FINISHED)

# -- span attributes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """One thing a span says, under its current name first and its other known spellings after."""

    names: tuple[str, ...]
    description: str

    @property
    def name(self) -> str:
        """The current spelling."""
        return self.names[0]


OPERATION: Final = AttributeSpec(("gen_ai.operation.name", "llm.request.type"), "chat, embeddings, ...")
PROVIDER: Final = AttributeSpec(("gen_ai.provider.name", "gen_ai.system"), "openai, anthropic, ...")
REQUEST_MODEL: Final = AttributeSpec(("gen_ai.request.model",), "Model asked for.")
RESPONSE_MODEL: Final = AttributeSpec(("gen_ai.response.model",), "Model that answered.")
RESPONSE_ID: Final = AttributeSpec(("gen_ai.response.id",), "The provider's id of the answer.")
FINISH_REASONS: Final = AttributeSpec(
    ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason"), "Why the model stopped."
)
STREAMED: Final = AttributeSpec(
    ("gen_ai.request.stream", "gen_ai.request.is_stream", "llm.is_streaming", "langsmith.request.streaming"),
    "Whether the answer was streamed.",
)
INPUT_TOKENS: Final = AttributeSpec(
    ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"), "Input tokens, cached ones included."
)
OUTPUT_TOKENS: Final = AttributeSpec(
    ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"), "Output tokens, reasoning included."
)
CACHE_READ_TOKENS: Final = AttributeSpec(
    ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "Input tokens served from the provider's cache.",
)
CACHE_WRITE_TOKENS: Final = AttributeSpec(
    (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    "Input tokens written to the provider's cache.",
)
REASONING_TOKENS: Final = AttributeSpec(
    ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"), "Output tokens of reasoning."
)
INPUT_TOKEN_DETAILS: Final = AttributeSpec(
    ("gen_ai.usage.input_token_details",), "LangSmith: a dictionary with cache_read and cache_creation."
)
OUTPUT_TOKEN_DETAILS: Final = AttributeSpec(
    ("gen_ai.usage.output_token_details",), "LangSmith: a dictionary with reasoning."
)
LANGSMITH_KIND: Final = AttributeSpec(("langsmith.span.kind",), "LangSmith: kind of the run (llm, chain, tool, ...).")
TIME_TO_FIRST_CHUNK: Final = AttributeSpec(
    ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"), "Seconds, streamed answers."
)
ERROR_TYPE: Final = AttributeSpec(("error.type",), "Class of the error.")
COST_USD: Final = AttributeSpec(("llm.cost_usd",), "Cost of the call in US dollars, added before export.")
METERED: Final = AttributeSpec(
    ("heliograph.metered",), "true on spans that the application itself metered: nobody else counts them."
)
USER_ID: Final = AttributeSpec(("user.id",), "Of the query; copied onto every span within it.")
SESSION_ID: Final = AttributeSpec(("session.id",), "Of the query; copied onto every span within it.")
TENANT: Final = AttributeSpec(("heliograph.tenant",), "Of the query; copied onto every span within it.")
QUERY_TYPE: Final = AttributeSpec(("heliograph.query_type",), "Of the query; copied onto every span within it.")
CHAIN: Final = AttributeSpec(("heliograph.chain",), "The innermost chain around the span.")
PROMPT_NAME: Final = AttributeSpec(("gen_ai.prompt.name",), "Prompt template in use.")
PROMPT_VERSION: Final = AttributeSpec(
    ("heliograph.prompt_version", "gen_ai.prompt.version"), "Version of the prompt template."
)

ATTRIBUTES: Final = (
    OPERATION,
    PROVIDER,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    RESPONSE_ID,
    FINISH_REASONS,
    STREAMED,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    CACHE_READ_TOKENS,
    CACHE_WRITE_TOKENS,
    REASONING_TOKENS,
    INPUT_TOKEN_DETAILS,
    OUTPUT_TOKEN_DETAILS,
    LANGSMITH_KIND,
    TIME_TO_FIRST_CHUNK,
    ERROR_TYPE,
    COST_USD,
    METERED,
    USER_ID,
    SESSION_ID,
    TENANT,
    QUERY_TYPE,
    CHAIN,
    PROMPT_NAME,
    PROMPT_VERSION,
)

CONTENT_ATTRIBUTES: Final = frozenset(
    {
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.tool.definitions",
        "gen_ai.prompt",
        "gen_ai.completion",
        "gen_ai.request.extra_body",
        "langsmith.request.headers",
        "traceloop.entity.input",
        "traceloop.entity.output",
        "input.value",
        "output.value",
    }
)
"""What carries prompts, answers or headers; removed before export unless content is asked for."""

CONTENT_PREFIXES: Final = (
    "gen_ai.prompt.variable.",
    "gen_ai.prompt.0",
    "gen_ai.completion.0",
    "llm.input_messages.",
    "llm.output_messages.",
)

COUNTED_OPERATIONS: Final = frozenset({"chat", "text_completion", "completion", "generate_content", "embeddings"})
"""Operations that are one call of a model. Agents, workflows and tools hold calls; they are none themselves."""

OPERATION_ALIASES: Final = {"completion": "text_completion", "embedding": "embeddings"}

CANCELLED_ERRORS: Final = frozenset(
    {"CancelledError", "GeneratorExit", "KeyboardInterrupt", "AbandonedStreamError", "asyncio.CancelledError"}
)
"""Exception classes that mean the caller went away: status `cancelled`, no error."""

BLOCKED_FINISH_REASONS: Final = frozenset({"content_filter", "safety", "SAFETY", "refusal", "blocked"})


def prometheus_name(spec: MetricSpec) -> str:
    """Give the metric's name in Prometheus, after its OTLP translation (unit and `_total` suffixes)."""
    unit = {"s": "_seconds", "": ""}[spec.unit]
    return f"{spec.name}{unit}{'_total' if spec.kind == 'counter' else ''}"


if __name__ == "__main__":
    from heliograph.genai._vocabulary_page import main

    main()
