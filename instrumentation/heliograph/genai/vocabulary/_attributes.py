"""Attributes of spans: our name first, then the spellings of others that it is read from, by dialect.

Ours follow OpenTelemetry's semantic conventions for generative AI
(https://opentelemetry.io/docs/specs/semconv/gen-ai/). The others were looked up in the sources of the packages
that write them, in these versions: `_dialects.VERSIONS`.
"""

from __future__ import annotations

from typing import Final

from heliograph.genai.vocabulary._call_attributes import (
    CALL_STATUS,
    COST_USD,
    ERROR_TYPE,
    FINISH_REASONS,
    LANGSMITH_SENT,
    METERED,
    OPERATION,
    PROVIDER,
    REQUEST_MODEL,
    RESPONSE_ID,
    RESPONSE_MODEL,
    SERVICE_TIER,
    STREAMED,
    TIME_TO_FIRST_CHUNK,
)
from heliograph.genai.vocabulary._canary import CANARY
from heliograph.genai.vocabulary._dialect_attributes import (
    CACHE_HIT,
    INPUT_TOKEN_DETAILS,
    LANGFUSE_COMPLETION_START,
    LANGFUSE_KIND,
    LANGFUSE_LEVEL,
    LANGFUSE_USAGE,
    LANGSMITH_KIND,
    LITELLM_USAGE,
    LOGFIRE_DURATION,
    LOGFIRE_KIND,
    LOGFIRE_LEVEL,
    LOGFIRE_USAGE,
    OPENINFERENCE_ARGUMENTS,
    OPENINFERENCE_KIND,
    OPENLLMETRY_KIND,
    OUTPUT_TOKEN_DETAILS,
    VERCEL_NO_CACHE_TOKENS,
    VERCEL_OPERATION,
    VERCEL_PROVIDER_METADATA,
    VERCEL_TIME_TO_FIRST_CHUNK,
)
from heliograph.genai.vocabulary._id_attributes import (
    CHAIN,
    PROMPT_NAME,
    PROMPT_VERSION,
    QUERY_TYPE,
    SESSION_ID,
    TENANT,
    USER_ID,
)
from heliograph.genai.vocabulary._tool_attributes import TOOL_CALL_ID, TOOL_NAME
from heliograph.genai.vocabulary._usage_attributes import (
    CACHE_READ_TOKENS,
    CACHE_WRITE_TOKENS,
    INPUT_AUDIO_TOKENS,
    INPUT_TOKENS,
    OUTPUT_AUDIO_TOKENS,
    OUTPUT_TOKENS,
    REASONING_TOKENS,
    TOTAL_TOKENS,
    USAGE_ESTIMATED,
)

__all__ = ["ATTRIBUTES"]

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
    TOOL_NAME,
    TOOL_CALL_ID,
    OPENINFERENCE_KIND,
    OPENINFERENCE_ARGUMENTS,
    OPENLLMETRY_KIND,
    LANGSMITH_KIND,
    INPUT_TOKEN_DETAILS,
    OUTPUT_TOKEN_DETAILS,
    LANGFUSE_KIND,
    LANGFUSE_USAGE,
    LANGFUSE_COMPLETION_START,
    LANGFUSE_LEVEL,
    LITELLM_USAGE,
    LOGFIRE_DURATION,
    LOGFIRE_KIND,
    LOGFIRE_LEVEL,
    LOGFIRE_USAGE,
    CACHE_HIT,
    VERCEL_OPERATION,
    VERCEL_NO_CACHE_TOKENS,
    VERCEL_PROVIDER_METADATA,
    VERCEL_TIME_TO_FIRST_CHUNK,
    CANARY,
)
