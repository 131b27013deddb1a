"""Attributes of spans: the current name first, then the other spellings it is read from.

They follow OpenTelemetry's semantic conventions for generative AI
(https://opentelemetry.io/docs/specs/semconv/gen-ai/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "ATTRIBUTES",
    "CACHE_READ_TOKENS",
    "CACHE_WRITE_TOKENS",
    "CALL_STATUS",
    "CHAIN",
    "COST_USD",
    "ERROR_TYPE",
    "FINISH_REASONS",
    "INPUT_AUDIO_TOKENS",
    "INPUT_TOKENS",
    "INPUT_TOKEN_DETAILS",
    "LANGSMITH_KIND",
    "METERED",
    "OPERATION",
    "OUTPUT_AUDIO_TOKENS",
    "OUTPUT_TOKENS",
    "OUTPUT_TOKEN_DETAILS",
    "PROMPT_NAME",
    "PROMPT_VERSION",
    "PROVIDER",
    "QUERY_TYPE",
    "REASONING_TOKENS",
    "REQUEST_MODEL",
    "RESPONSE_ID",
    "RESPONSE_MODEL",
    "SERVICE_TIER",
    "SESSION_ID",
    "STREAMED",
    "TENANT",
    "TIME_TO_FIRST_CHUNK",
    "USAGE_ESTIMATED",
    "USER_ID",
    "AttributeSpec",
]


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
INPUT_AUDIO_TOKENS: Final = AttributeSpec(
    ("heliograph.usage.input_audio_tokens", "llm.token_count.prompt_details.audio"), "Input tokens of audio: a subset."
)
OUTPUT_AUDIO_TOKENS: Final = AttributeSpec(
    ("heliograph.usage.output_audio_tokens", "llm.token_count.completion_details.audio"),
    "Output tokens of audio: a subset.",
)
USAGE_ESTIMATED: Final = AttributeSpec(
    ("heliograph.usage.estimated",), "true where the tokens were estimated: the provider reported none."
)
SERVICE_TIER: Final = AttributeSpec(
    (
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "openai.request.service_tier",
        "gen_ai.openai.request.service_tier",
    ),
    "Tier the call was billed in: default, flex, batch, priority.",
)
CALL_STATUS: Final = AttributeSpec(
    ("heliograph.call.status",), "cancelled where the caller left before the answer ended; absent otherwise."
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
    INPUT_AUDIO_TOKENS,
    OUTPUT_AUDIO_TOKENS,
    USAGE_ESTIMATED,
    SERVICE_TIER,
    CALL_STATUS,
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
