"""Who writes spans about models, and in which version we looked their spellings up."""

from __future__ import annotations

from typing import Final, Literal

__all__ = [
    "DIALECTS",
    "LANGFUSE",
    "LANGSMITH",
    "LITELLM",
    "LOGFIRE",
    "OPENINFERENCE",
    "OPENLIT",
    "OPENLLMETRY",
    "OTEL",
    "OTEL_OLD",
    "PYDANTIC_AI",
    "VERCEL",
    "VERSIONS",
    "Dialect",
]

Dialect = Literal[
    "OpenTelemetry",
    "OpenTelemetry, old",
    "OpenInference",
    "OpenLLMetry",
    "OpenLIT",
    "LangSmith",
    "Langfuse",
    "LiteLLM",
    "Logfire",
    "Pydantic AI",
    "Vercel AI SDK",
]

OTEL: Final = "OpenTelemetry"
OTEL_OLD: Final = "OpenTelemetry, old"
OPENINFERENCE: Final = "OpenInference"
OPENLLMETRY: Final = "OpenLLMetry"
OPENLIT: Final = "OpenLIT"
LANGSMITH: Final = "LangSmith"
LANGFUSE: Final = "Langfuse"
LITELLM: Final = "LiteLLM"
LOGFIRE: Final = "Logfire"
PYDANTIC_AI: Final = "Pydantic AI"
VERCEL: Final = "Vercel AI SDK"

VERSIONS: Final[dict[Dialect, str]] = {
    OTEL: "opentelemetry-semantic-conventions 0.66b2, opentelemetry-util-genai 1.3b0",
    OTEL_OLD: "names that those packages keep as deprecated",
    OPENINFERENCE: "openinference-semantic-conventions 0.1.42",
    OPENLLMETRY: "opentelemetry-semantic-conventions-ai 0.5.1; llm.usage.*, llm.request.model: 0.0.19",
    OPENLIT: "openlit 1.45.0",
    LANGSMITH: "langsmith 0.14.17",
    LANGFUSE: "langfuse 5.0.4",
    LITELLM: "litellm 1.109.1",
    LOGFIRE: "logfire 5.2.0",
    PYDANTIC_AI: "pydantic-ai-slim 2.68.0",
    VERCEL: "ai 6.0.326; without inputTokenDetails: ai 5 with @ai-sdk/anthropic 2.0.112, @ai-sdk/google 2.0.108",
}
"""What was read to write the spellings down."""

DIALECTS: Final = tuple(VERSIONS)
