"""What one dialect says in a form of its own, for its reader in `heliograph.genai._read`."""

from __future__ import annotations

from typing import Final

from heliograph.genai.vocabulary._spec import AttributeSpec

__all__ = [
    "CACHE_HIT",
    "INPUT_TOKEN_DETAILS",
    "LANGFUSE_COMPLETION_START",
    "LANGFUSE_KIND",
    "LANGFUSE_LEVEL",
    "LANGFUSE_USAGE",
    "LANGSMITH_KIND",
    "LITELLM_USAGE",
    "LOGFIRE_DURATION",
    "LOGFIRE_KIND",
    "LOGFIRE_LEVEL",
    "LOGFIRE_USAGE",
    "OPENINFERENCE_ARGUMENTS",
    "OPENINFERENCE_KIND",
    "OPENLLMETRY_KIND",
    "OUTPUT_TOKEN_DETAILS",
    "VERCEL_NO_CACHE_TOKENS",
    "VERCEL_OPERATION",
    "VERCEL_PROVIDER_METADATA",
    "VERCEL_TIME_TO_FIRST_CHUNK",
]

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
    "langsmith.span.kind", "LangSmith: kind of the run; llm and embedding are calls of a model, tool is a run of one."
)
OPENINFERENCE_KIND: Final = AttributeSpec(
    "openinference.span.kind",
    "OpenInference: kind of the span; LLM, EMBEDDING and RERANKER are calls of a model, TOOL is a run of one.",
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
LOGFIRE_KIND: Final = AttributeSpec(
    "logfire.span_type", "Logfire: log is a span without duration; it is what tells of a stream that has ended."
)
LOGFIRE_LEVEL: Final = AttributeSpec(
    "logfire.level_num", "Logfire: 17 and more mark a failure (OpenTelemetry's severity numbers).", type="int"
)
LOGFIRE_USAGE: Final = AttributeSpec(
    "gen_ai.usage.raw",
    "Logfire: the provider's own usage; OpenAI's cached and reasoning tokens are only here.",
    type="json",
)
LOGFIRE_DURATION: Final = AttributeSpec(
    "duration", "Logfire: seconds a stream took, on its log.", type="double", unit="s"
)
LANGFUSE_KIND: Final = AttributeSpec(
    "langfuse.observation.type",
    "Langfuse: kind of the observation; generation and embedding are calls of a model, tool is a run of one.",
)
OPENLLMETRY_KIND: Final = AttributeSpec(
    "traceloop.span.kind", "OpenLLMetry: kind of a span around code of the application; tool is a run of one."
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
    "ai.operationId",
    "Vercel AI SDK: the function; those that end in .do… are calls of a model, ai.toolCall is a run of a tool, the "
    "others hold them.",
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
