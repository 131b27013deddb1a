"""OpenInference (openinference-semantic-conventions 0.1.42), as Arize's instrumentors write it.

`llm.token_count.prompt` includes cached tokens: their openai passes OpenAI's count on; anthropic, bedrock,
langchain and llama-index add Anthropic's up; google-genai adds thoughts to the completion.

Their openai and anthropic end the span of a stream that the caller left with neither a status nor a finish reason; one
that ended has the status OK. That it is a stream only the arguments of the call say, as JSON; they
alone name the model of a call that failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import StatusCode

from heliograph.genai import vocabulary as v
from heliograph.genai._read._otel import Dialect
from heliograph.genai._read._values import dictionary, first, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._read._span import Readable

__all__ = ["OpenInference"]

_OPERATIONS: Final = {"LLM": "chat", "EMBEDDING": "embeddings", "RERANKER": "rerank"}
_ANTHROPIC_SCOPE: Final = "openinference.instrumentation.anthropic"


class OpenInference(Dialect):
    """The kind of the span decides; where OpenTelemetry's operation is there, too, it says which kind of call."""

    def operation(self, attributes: Mapping[str, Any]) -> str:
        """Name the operation of an LLM, EMBEDDING or RERANKER span; others are no calls."""
        of_kind = _OPERATIONS.get(str(attributes.get(v.OPENINFERENCE_KIND.name)).upper(), "")
        named = super().operation(attributes)
        return named if of_kind and named in v.COUNTED_OPERATIONS else of_kind

    def is_tool(self, attributes: Mapping[str, Any]) -> bool:
        """Whether it is a TOOL span."""
        return str(attributes.get(v.OPENINFERENCE_KIND.name)).upper() == "TOOL"

    def streamed(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the arguments of the call ask for a stream."""
        return _arguments(attributes).get("stream") is True or super().streamed(attributes)

    def requested_model(self, attributes: Mapping[str, Any]) -> str | None:
        """Name the model; of a call that failed, only the arguments do."""
        return super().requested_model(attributes) or text(_arguments(attributes).get("model"))

    def was_left(self, span: Readable, attributes: Mapping[str, Any], *, ended: bool) -> bool:
        """Whether a stream has neither status nor finish reason. Anthropic names output tokens as it begins."""
        if span.status.status_code is StatusCode.OK or first(attributes, v.FINISH_REASONS) is not None:
            return False
        scope = span.instrumentation_scope.name if span.instrumentation_scope else ""
        return super().was_left(span, attributes, ended=ended and scope != _ANTHROPIC_SCOPE)


def _arguments(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return dictionary(attributes.get(v.OPENINFERENCE_ARGUMENTS.name))
