"""Events: OTLP logs with a name and attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "CHAIN_FINISHED",
    "CHAIN_STARTED",
    "EVENTS",
    "LLM_CALL",
    "QUERY_FINISHED",
    "EventSpec",
]


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
        "llm_cache_write_tokens",
        "llm_reasoning_tokens",
        "llm_cost_usd",
        "llm_latency_seconds",
        "llm_time_to_first_token_seconds",
        "finish_reason",
        "response_id",
        "service_tier",
        "usage_estimated",
        "unpriced",
        "metered_by",
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
