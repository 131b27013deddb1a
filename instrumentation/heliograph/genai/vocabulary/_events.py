"""Events: OTLP logs with a name and attributes, each with its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "CHAIN_FINISHED",
    "CHAIN_STARTED",
    "EVENTS",
    "LLM_CALL",
    "QUERY_FINISHED",
    "EventField",
    "EventSpec",
]


@dataclass(frozen=True, slots=True)
class EventField:
    """One attribute of an event. `unit` is UCUM, or USD; "" where there is none."""

    name: str
    description: str
    type: Literal["string", "int", "double", "boolean"] = "string"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One OTLP log event. Its name also travels as the attribute `event_name`: Loki drops OTLP's own field."""

    name: str
    fields: tuple[EventField, ...]
    description: str

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)


_MODEL: Final = EventField(
    "model", "Model that answered, or the one asked for where none did, as the provider names it."
)
_STATUS: Final = EventField("status", "success, error or cancelled.")
_ERROR_TYPE: Final = EventField("error_type", "Class of the error; errors only.")
_CHAIN: Final = EventField("chain", "The innermost chain around it.")
_USER: Final = EventField("user_id", "User of the query.")
_SESSION: Final = EventField("session_id", "Session of the query.")
_TENANT: Final = EventField("tenant", "Tenant of the query.")
_QUERY_TYPE: Final = EventField("query_type", "Kind of the query.")

LLM_CALL: Final = EventSpec(
    "llm.call",
    (
        _MODEL,
        EventField("provider", "Who answered, by OpenTelemetry's name."),
        EventField("operation", "chat, text_completion, generate_content, embeddings or rerank."),
        _CHAIN,
        _STATUS,
        _ERROR_TYPE,
        _USER,
        _SESSION,
        _TENANT,
        _QUERY_TYPE,
        EventField("prompt_name", "Prompt template in use."),
        EventField("prompt_version", "Version of the prompt template."),
        EventField("llm_input_tokens", "Input tokens, cached ones included.", "int", "{token}"),
        EventField("llm_output_tokens", "Output tokens, reasoning included.", "int", "{token}"),
        EventField("llm_cached_tokens", "Input tokens read from the provider's cache: a subset.", "int", "{token}"),
        EventField(
            "llm_cache_write_tokens", "Input tokens written to the provider's cache: a subset.", "int", "{token}"
        ),
        EventField("llm_reasoning_tokens", "Output tokens of reasoning: a subset.", "int", "{token}"),
        EventField(
            "llm_cost_usd",
            "Cost; absent where it is not known: no price, or a failed call without usage.",
            "double",
            "USD",
        ),
        EventField("llm_latency_seconds", "From the request to the end of the answer.", "double", "s"),
        EventField(
            "llm_time_to_first_token_seconds",
            "From the request to the first chunk; streamed answers only.",
            "double",
            "s",
        ),
        EventField("finish_reason", "Why the model stopped, in the provider's word."),
        EventField("response_id", "The provider's id of the answer."),
        EventField("service_tier", "Tier it was billed in: default, flex, batch, priority."),
        EventField("usage_estimated", "true where the tokens are an estimate of ours.", "boolean"),
        EventField("unpriced", "Whether tokens were used for which no price is known.", "boolean"),
        EventField(
            "query_call",
            "Which call of its query it is, in the order in which they ended; absent outside of a query, and from "
            "the meter.",
            "int",
            "{call}",
        ),
        EventField(
            "query_cost_so_far_usd",
            "Of its query, this call included; calls of unknown cost add nothing. Absent as query_call is.",
            "double",
            "USD",
        ),
        EventField(
            "identical_calls",
            "How often its query has made this very request (model, texts), this call included; known of calls "
            "through the openai client, as Heliograph instruments it.",
            "int",
            "{call}",
        ),
        EventField("metered_by", "application, or meter: the service behind the collector."),
    ),
    "One per provider call: the wide event. Absent attributes were not known.",
)
QUERY_FINISHED: Final = EventSpec(
    "query.finished",
    (
        _USER,
        _SESSION,
        _TENANT,
        _QUERY_TYPE,
        EventField("chain", "Chain that the query was given."),
        _STATUS,
        _ERROR_TYPE,
        EventField("query_latency_seconds", "From its start to its end.", "double", "s"),
        EventField("query_cost_usd", "Of all calls within it; calls of unknown cost add nothing.", "double", "USD"),
        EventField("llm_calls", "Calls of models within it.", "int", "{call}"),
        EventField(
            "identical_calls",
            "The highest identical_calls of its calls; absent where that is known of none.",
            "int",
            "{call}",
        ),
    ),
    "One per query.",
)
CHAIN_STARTED: Final = EventSpec("chain.started", (EventField("chain", "Its name."),), "A chain began.")
CHAIN_FINISHED: Final = EventSpec(
    "chain.finished",
    (
        EventField("chain", "Its name."),
        _STATUS,
        _ERROR_TYPE,
        EventField("chain_latency_seconds", "From its start to its end.", "double", "s"),
    ),
    "A chain ended.",
)

EVENTS: Final = (LLM_CALL, QUERY_FINISHED, CHAIN_STARTED, CHAIN_FINISHED)
