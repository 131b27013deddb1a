"""OpenInference (openinference-semantic-conventions 0.1.42), as Arize's instrumentors write it.

`llm.token_count.prompt` includes cached tokens: their openai passes OpenAI's count on; anthropic, bedrock,
langchain and llama-index add Anthropic's up; google-genai adds thoughts to the completion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._read._otel import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OpenInference"]

_OPERATIONS: Final = {"LLM": "chat", "EMBEDDING": "embeddings", "RERANKER": "rerank"}


class OpenInference(Dialect):
    """The kind of the span decides; where OpenTelemetry's operation is there, too, it says which kind of call."""

    def operation(self, attributes: Mapping[str, Any]) -> str:
        """Name the operation of an LLM, EMBEDDING or RERANKER span; others are no calls."""
        of_kind = _OPERATIONS.get(str(attributes.get(v.OPENINFERENCE_KIND.name)).upper(), "")
        named = super().operation(attributes)
        return named if of_kind and named in v.COUNTED_OPERATIONS else of_kind
