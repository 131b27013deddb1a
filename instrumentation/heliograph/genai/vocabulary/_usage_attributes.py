"""Tokens: totals, and subsets of them."""

from __future__ import annotations

from typing import Final

from heliograph.genai.vocabulary import _dialects as d
from heliograph.genai.vocabulary._spec import AttributeSpec

__all__ = [
    "CACHE_READ_TOKENS",
    "CACHE_WRITE_TOKENS",
    "INPUT_AUDIO_TOKENS",
    "INPUT_TOKENS",
    "OUTPUT_AUDIO_TOKENS",
    "OUTPUT_TOKENS",
    "REASONING_TOKENS",
    "TOTAL_TOKENS",
    "USAGE_ESTIMATED",
]

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
        d.LOGFIRE: ("gen_ai.usage.raw",),
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
        d.LOGFIRE: ("gen_ai.usage.raw",),
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
        d.LOGFIRE: ("gen_ai.usage.raw",),
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
        d.LOGFIRE: ("gen_ai.usage.raw",),
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
        d.LOGFIRE: ("gen_ai.usage.raw",),
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
