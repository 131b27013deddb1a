"""Attributes of spans: our name first, then the spellings of others that it is read from, by dialect.

Ours follow OpenTelemetry's semantic conventions for generative AI
(https://opentelemetry.io/docs/specs/semconv/gen-ai/). The others were looked up in the sources of the packages
that write them, in these versions: `_dialects.VERSIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from heliograph.genai.vocabulary import _dialects as d

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ATTRIBUTES",
    "CACHE_HIT",
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
    "LANGFUSE_COMPLETION_START",
    "LANGFUSE_KIND",
    "LANGFUSE_LEVEL",
    "LANGFUSE_USAGE",
    "LANGSMITH_KIND",
    "LANGSMITH_SENT",
    "LITELLM_USAGE",
    "METERED",
    "OPENINFERENCE_ARGUMENTS",
    "OPENINFERENCE_KIND",
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
    "TOTAL_TOKENS",
    "USAGE_ESTIMATED",
    "USER_ID",
    "VERCEL_NO_CACHE_TOKENS",
    "VERCEL_OPERATION",
    "VERCEL_PROVIDER_METADATA",
    "VERCEL_TIME_TO_FIRST_CHUNK",
    "AttributeSpec",
]

Type = Literal["string", "strings", "int", "double", "boolean", "json"]


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """One thing a span says.

    `spellings` say the same under another name. `derived` ones say it in another form, which the dialect's reader
    translates (a kind of span, a key of a JSON text, milliseconds).
    """

    name: str
    description: str
    type: Type = "string"
    unit: str = ""
    spellings: Mapping[d.Dialect, tuple[str, ...]] = field(default_factory=dict, hash=False)
    derived: Mapping[d.Dialect, tuple[str, ...]] = field(default_factory=dict, hash=False)
    names: tuple[str, ...] = field(init=False, repr=False)
    """The current spelling first, then the others in the order in which they are looked for."""

    def __post_init__(self) -> None:
        others = (name for names in self.spellings.values() for name in names)
        object.__setattr__(self, "names", tuple(dict.fromkeys((self.name, *others))))


OPERATION: Final = AttributeSpec(
    "gen_ai.operation.name",
    "What was asked for: chat, text_completion, generate_content, embeddings or rerank are calls of a model.",
    spellings={d.OPENLLMETRY: ("llm.request.type",), d.LITELLM: ("llm.request.type",)},
    derived={
        d.OPENINFERENCE: ("openinference.span.kind",),
        d.LANGSMITH: ("langsmith.span.kind",),
        d.LANGFUSE: ("langfuse.observation.type",),
        d.VERCEL: ("ai.operationId",),
    },
)
PROVIDER: Final = AttributeSpec(
    "gen_ai.provider.name",
    "Who answers, by OpenTelemetry's name; other names of the same provider are translated.",
    spellings={
        d.OTEL_OLD: ("gen_ai.system",),
        d.OPENINFERENCE: ("llm.provider", "llm.system"),
        d.OPENLLMETRY: ("gen_ai.system", "llm.vendor"),
        d.VERCEL: ("ai.model.provider",),
    },
)
REQUEST_MODEL: Final = AttributeSpec(
    "gen_ai.request.model",
    "Model asked for.",
    spellings={
        d.OPENINFERENCE: (
            "llm.request.model_name",
            "llm.model_name",
            "embedding.model_name",
            "reranker.model_name",
        ),
        d.OPENLLMETRY: ("llm.request.model",),
        d.LANGFUSE: ("langfuse.observation.model.name",),
        d.VERCEL: ("ai.model.id",),
    },
)
RESPONSE_MODEL: Final = AttributeSpec(
    "gen_ai.response.model",
    "Model that answered.",
    spellings={
        d.OPENINFERENCE: ("llm.response.model_name",),
        d.OPENLLMETRY: ("llm.response.model",),
        d.LITELLM: ("litellm.provider.model",),
        d.VERCEL: ("ai.response.model",),
    },
)
RESPONSE_ID: Final = AttributeSpec(
    "gen_ai.response.id", "The provider's id of the answer.", spellings={d.VERCEL: ("ai.response.id",)}
)
FINISH_REASONS: Final = AttributeSpec(
    "gen_ai.response.finish_reasons",
    "Why the model stopped; the first one counts.",
    type="strings",
    spellings={
        d.OTEL_OLD: ("gen_ai.response.finish_reason",),
        d.OPENINFERENCE: ("llm.finish_reason",),
        d.OPENLLMETRY: (
            "gen_ai.response.finish_reason",
            "gen_ai.response.stop_reason",
            "llm.response.finish_reason",
            "llm.response.stop_reason",
        ),
        d.VERCEL: ("ai.response.finishReason",),
    },
)
STREAMED: Final = AttributeSpec(
    "gen_ai.request.stream",
    "Whether the answer was streamed.",
    type="boolean",
    spellings={
        d.OPENLIT: ("gen_ai.request.is_stream",),
        d.OPENLLMETRY: ("gen_ai.is_streaming", "llm.is_streaming"),
        d.LITELLM: ("llm.is_streaming",),
        d.LANGSMITH: ("langsmith.request.streaming",),
    },
    derived={d.OPENINFERENCE: ("llm.invocation_parameters",), d.VERCEL: ("ai.operationId",)},
)
INPUT_TOKENS: Final = AttributeSpec(
    "gen_ai.usage.input_tokens",
    "Input tokens, cached ones included. Reports that leave cached ones out are made whole.",
    type="int",
    unit="{token}",
    spellings={
        d.OTEL_OLD: ("gen_ai.usage.prompt_tokens",),
        d.OPENINFERENCE: ("llm.token_count.prompt",),
        d.OPENLLMETRY: ("gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"),
        d.LITELLM: ("gen_ai.usage.prompt_tokens",),
        d.VERCEL: ("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
    },
    derived={d.LANGFUSE: ("langfuse.observation.usage_details",)},
)
OUTPUT_TOKENS: Final = AttributeSpec(
    "gen_ai.usage.output_tokens",
    "Output tokens, reasoning included. Reports that leave reasoning out are made whole.",
    type="int",
    unit="{token}",
    spellings={
        d.OTEL_OLD: ("gen_ai.usage.completion_tokens",),
        d.OPENINFERENCE: ("llm.token_count.completion",),
        d.OPENLLMETRY: ("gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"),
        d.LITELLM: ("gen_ai.usage.completion_tokens",),
        d.VERCEL: ("ai.usage.outputTokens", "ai.usage.completionTokens"),
    },
    derived={d.LANGFUSE: ("langfuse.observation.usage_details",)},
)
TOTAL_TOKENS: Final = AttributeSpec(
    "gen_ai.usage.total_tokens",
    "All tokens. Never counted: it tells whether cached and reasoning tokens are within the other two.",
    type="int",
    unit="{token}",
    spellings={
        d.OPENINFERENCE: ("llm.token_count.total",),
        d.OPENLLMETRY: ("llm.usage.total_tokens",),
        d.VERCEL: ("ai.usage.totalTokens",),
    },
    derived={d.LANGFUSE: ("langfuse.observation.usage_details",)},
)
CACHE_READ_TOKENS: Final = AttributeSpec(
    "gen_ai.usage.cache_read.input_tokens",
    "Input tokens served from the provider's cache: a subset.",
    type="int",
    unit="{token}",
    spellings={
        d.OTEL_OLD: ("gen_ai.usage.cache_read_input_tokens",),
        d.OPENINFERENCE: (
            "llm.token_count.prompt_details.cache_read",
            "llm.token_count.prompt_details.cache_input",
        ),
        d.OPENLLMETRY: ("gen_ai.usage.cache_read_input_tokens",),
        d.PYDANTIC_AI: ("gen_ai.usage.details.cache_read_tokens",),
        d.VERCEL: ("ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"),
    },
    derived={
        d.LANGSMITH: ("gen_ai.usage.input_token_details",),
        d.LANGFUSE: ("langfuse.observation.usage_details",),
        d.LITELLM: ("metadata.usage_object",),
    },
)
CACHE_WRITE_TOKENS: Final = AttributeSpec(
    "gen_ai.usage.cache_write.input_tokens",
    "Input tokens written to the provider's cache: a subset.",
    type="int",
    unit="{token}",
    spellings={
        d.OTEL_OLD: ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens"),
        d.OPENINFERENCE: ("llm.token_count.prompt_details.cache_write",),
        d.OPENLLMETRY: ("gen_ai.usage.cache_creation_input_tokens",),
        d.PYDANTIC_AI: ("gen_ai.usage.details.cache_write_tokens",),
        d.VERCEL: ("ai.usage.inputTokenDetails.cacheWriteTokens",),
    },
    derived={
        d.LANGSMITH: ("gen_ai.usage.input_token_details",),
        d.LANGFUSE: ("langfuse.observation.usage_details",),
        d.LITELLM: ("metadata.usage_object",),
        d.VERCEL: ("ai.response.providerMetadata",),
    },
)
REASONING_TOKENS: Final = AttributeSpec(
    "gen_ai.usage.reasoning.output_tokens",
    "Output tokens of reasoning: a subset.",
    type="int",
    unit="{token}",
    spellings={
        d.OPENINFERENCE: ("llm.token_count.completion_details.reasoning",),
        d.OPENLLMETRY: ("gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens"),
        d.PYDANTIC_AI: ("gen_ai.usage.details.reasoning_tokens",),
        d.VERCEL: ("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"),
    },
    derived={
        d.LANGSMITH: ("gen_ai.usage.output_token_details",),
        d.LANGFUSE: ("langfuse.observation.usage_details",),
        d.LITELLM: ("metadata.usage_object",),
    },
)
INPUT_AUDIO_TOKENS: Final = AttributeSpec(
    "heliograph.usage.input_audio_tokens",
    "Input tokens of audio: a subset.",
    type="int",
    unit="{token}",
    spellings={
        d.OTEL: ("gen_ai.usage.audio.input_tokens",),
        d.OPENINFERENCE: ("llm.token_count.prompt_details.audio",),
        d.PYDANTIC_AI: ("gen_ai.usage.details.input_audio_tokens",),
    },
    derived={
        d.LANGSMITH: ("gen_ai.usage.input_token_details",),
        d.LANGFUSE: ("langfuse.observation.usage_details",),
        d.LITELLM: ("metadata.usage_object",),
    },
)
OUTPUT_AUDIO_TOKENS: Final = AttributeSpec(
    "heliograph.usage.output_audio_tokens",
    "Output tokens of audio: a subset.",
    type="int",
    unit="{token}",
    spellings={
        d.OTEL: ("gen_ai.usage.audio.output_tokens",),
        d.OPENINFERENCE: ("llm.token_count.completion_details.audio",),
        d.PYDANTIC_AI: ("gen_ai.usage.details.output_audio_tokens",),
    },
    derived={
        d.LANGSMITH: ("gen_ai.usage.output_token_details",),
        d.LANGFUSE: ("langfuse.observation.usage_details",),
        d.LITELLM: ("metadata.usage_object",),
    },
)
USAGE_ESTIMATED: Final = AttributeSpec(
    "heliograph.usage.estimated",
    "true where the tokens were estimated: the provider reported none.",
    type="boolean",
)
SERVICE_TIER: Final = AttributeSpec(
    "openai.response.service_tier",
    "Tier the call was billed in: default, flex, batch, priority; the one asked for where no answer names one.",
    spellings={
        d.OTEL: ("openai.request.service_tier",),
        d.OTEL_OLD: ("gen_ai.openai.response.service_tier", "gen_ai.openai.request.service_tier"),
        d.LITELLM: ("gen_ai.openai.response.service_tier", "gen_ai.openai.request.service_tier"),
        d.LANGSMITH: ("gen_ai.response.service_tier",),
    },
)
CALL_STATUS: Final = AttributeSpec(
    "heliograph.call.status", "cancelled where the caller left before the answer ended; absent otherwise."
)
CACHE_HIT: Final = AttributeSpec(
    "litellm.cache_hit",
    "LiteLLM: true where its own cache answered. No provider was called: nothing is counted.",
    type="boolean",
)
INPUT_TOKEN_DETAILS: Final = AttributeSpec(
    "gen_ai.usage.input_token_details",
    "LangSmith: a dictionary with cache_read, cache_creation (or ephemeral_5m_… and ephemeral_1h_…) and audio.",
    type="json",
)
OUTPUT_TOKEN_DETAILS: Final = AttributeSpec(
    "gen_ai.usage.output_token_details", "LangSmith: a dictionary with reasoning and audio.", type="json"
)
LANGSMITH_KIND: Final = AttributeSpec(
    "langsmith.span.kind", "LangSmith: kind of the run; llm and embedding are calls of a model."
)
OPENINFERENCE_KIND: Final = AttributeSpec(
    "openinference.span.kind", "OpenInference: kind of the span; LLM, EMBEDDING and RERANKER are calls of a model."
)
OPENINFERENCE_ARGUMENTS: Final = AttributeSpec(
    "llm.invocation_parameters",
    "OpenInference: arguments of the call; `stream` says that the answer was streamed.",
    type="json",
)
LITELLM_USAGE: Final = AttributeSpec(
    "metadata.usage_object",
    "LiteLLM: the usage it logged, a Python dictionary in OpenAI's shape; cached and reasoning tokens are only here.",
    type="json",
)
LANGFUSE_KIND: Final = AttributeSpec(
    "langfuse.observation.type", "Langfuse: kind of the observation; generation and embedding are calls of a model."
)
LANGFUSE_USAGE: Final = AttributeSpec(
    "langfuse.observation.usage_details",
    "Langfuse: tokens by kind. Either the provider's own usage, or flat keys whose parts add up (input + input_…).",
    type="json",
)
LANGFUSE_COMPLETION_START: Final = AttributeSpec(
    "langfuse.observation.completion_start_time", "Langfuse: when the first token came, in ISO 8601."
)
LANGFUSE_LEVEL: Final = AttributeSpec("langfuse.observation.level", "Langfuse: ERROR marks a failure.")
VERCEL_OPERATION: Final = AttributeSpec(
    "ai.operationId", "Vercel AI SDK: the function; those that end in .do… are calls of a model, the others hold them."
)
VERCEL_NO_CACHE_TOKENS: Final = AttributeSpec(
    "ai.usage.inputTokenDetails.noCacheTokens",
    "Vercel AI SDK 6: its presence says that the input tokens are a total.",
    type="int",
    unit="{token}",
)
VERCEL_PROVIDER_METADATA: Final = AttributeSpec(
    "ai.response.providerMetadata",
    "Vercel AI SDK 5: only here does it say how many tokens Anthropic's cache took in.",
    type="json",
)
VERCEL_TIME_TO_FIRST_CHUNK: Final = AttributeSpec(
    "ai.response.msToFirstChunk", "Vercel AI SDK: milliseconds, streamed answers.", type="double", unit="ms"
)
TIME_TO_FIRST_CHUNK: Final = AttributeSpec(
    "gen_ai.response.time_to_first_chunk",
    "Time from the request to the first chunk of a streamed answer.",
    type="double",
    unit="s",
    spellings={d.OPENLIT: ("gen_ai.server.time_to_first_token",)},
    derived={
        d.LANGFUSE: ("langfuse.observation.completion_start_time",),
        d.VERCEL: ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
    },
)
ERROR_TYPE: Final = AttributeSpec(
    "error.type", "Class of the error.", derived={d.LANGFUSE: ("langfuse.observation.level",)}
)
COST_USD: Final = AttributeSpec(
    "llm.cost_usd", "Cost of the call in US dollars, added before export.", type="double", unit="USD"
)
METERED: Final = AttributeSpec(
    "heliograph.metered", "true on spans that the application itself metered: nobody else counts them.", type="boolean"
)
LANGSMITH_SENT: Final = AttributeSpec(
    "heliograph.langsmith.sent",
    "true on spans of an application that sends its runs to LangSmith itself: the collector's copy leaves out their "
    "traces.",
    type="boolean",
)
USER_ID: Final = AttributeSpec(
    "user.id",
    "Of the query; copied onto every span within it.",
    spellings={
        d.OTEL_OLD: ("enduser.id",),
        d.OPENLLMETRY: ("gen_ai.user", "llm.user", "traceloop.association.properties.user_id"),
        d.LANGFUSE: ("langfuse.user.id",),
        d.LANGSMITH: ("langsmith.metadata.user_id",),
        d.LITELLM: ("llm.user", "metadata.user_api_key_end_user_id", "metadata.user_api_key_user_id"),
        d.VERCEL: ("ai.telemetry.metadata.userId",),
    },
)
SESSION_ID: Final = AttributeSpec(
    "session.id",
    "Of the query; copied onto every span within it.",
    spellings={
        d.OTEL: ("gen_ai.conversation.id",),
        d.OPENLLMETRY: ("traceloop.association.properties.session_id",),
        d.LANGFUSE: ("langfuse.session.id",),
        # `langsmith.trace.session_id` is the id of the tracing project, not of a session.
        d.LANGSMITH: (
            "langsmith.metadata.session_id",
            "langsmith.metadata.thread_id",
            "langsmith.metadata.conversation_id",
        ),
        d.VERCEL: ("ai.telemetry.metadata.sessionId",),
    },
)
TENANT: Final = AttributeSpec(
    "heliograph.tenant",
    "Of the query; copied onto every span within it.",
    spellings={
        d.OPENLLMETRY: ("traceloop.association.properties.tenant_id",),
        d.LANGSMITH: ("langsmith.metadata.tenant_id",),
        d.LITELLM: ("metadata.user_api_key_team_id",),
        d.VERCEL: ("ai.telemetry.metadata.tenantId",),
    },
)
QUERY_TYPE: Final = AttributeSpec("heliograph.query_type", "Of the query; copied onto every span within it.")
CHAIN: Final = AttributeSpec(
    "heliograph.chain",
    "The innermost chain around the span.",
    spellings={
        d.OTEL: ("gen_ai.workflow.name",),
        d.OPENLLMETRY: ("traceloop.workflow.name",),
        d.VERCEL: ("ai.telemetry.functionId",),
    },
)
PROMPT_NAME: Final = AttributeSpec(
    "gen_ai.prompt.name",
    "Prompt template in use.",
    spellings={
        d.OPENINFERENCE: ("prompt.id",),
        d.OPENLLMETRY: ("traceloop.prompt.key",),
        d.LANGFUSE: ("langfuse.observation.prompt.name",),
    },
)
PROMPT_VERSION: Final = AttributeSpec(
    "heliograph.prompt_version",
    "Version of the prompt template.",
    spellings={
        d.OTEL: ("gen_ai.prompt.version",),
        d.OPENINFERENCE: ("llm.prompt_template.version",),
        d.OPENLLMETRY: ("traceloop.prompt.version",),
        d.LANGFUSE: ("langfuse.observation.prompt.version",),
    },
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
    TOTAL_TOKENS,
    CACHE_READ_TOKENS,
    CACHE_WRITE_TOKENS,
    REASONING_TOKENS,
    INPUT_AUDIO_TOKENS,
    OUTPUT_AUDIO_TOKENS,
    USAGE_ESTIMATED,
    SERVICE_TIER,
    CALL_STATUS,
    TIME_TO_FIRST_CHUNK,
    ERROR_TYPE,
    COST_USD,
    METERED,
    LANGSMITH_SENT,
    USER_ID,
    SESSION_ID,
    TENANT,
    QUERY_TYPE,
    CHAIN,
    PROMPT_NAME,
    PROMPT_VERSION,
    OPENINFERENCE_KIND,
    OPENINFERENCE_ARGUMENTS,
    LANGSMITH_KIND,
    INPUT_TOKEN_DETAILS,
    OUTPUT_TOKEN_DETAILS,
    LANGFUSE_KIND,
    LANGFUSE_USAGE,
    LANGFUSE_COMPLETION_START,
    LANGFUSE_LEVEL,
    LITELLM_USAGE,
    CACHE_HIT,
    VERCEL_OPERATION,
    VERCEL_NO_CACHE_TOKENS,
    VERCEL_PROVIDER_METADATA,
    VERCEL_TIME_TO_FIRST_CHUNK,
)
