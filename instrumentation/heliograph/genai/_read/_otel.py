"""OpenTelemetry's own names, old and new; the base of every other dialect.

OpenLLMetry, OpenLIT, LiteLLM, Pydantic AI and the Vercel AI SDK's newer spans write them, too. What their token
counts include was read in their sources, in the versions of `vocabulary.VERSIONS`:

- with cached tokens: OpenTelemetry's openai, anthropic, langchain and google-genai instrumentations; OpenLLMetry's
  openai, anthropic, langchain, groq; LiteLLM; Pydantic AI; OpenLIT's openai;
- without: everybody's Bedrock (OpenLLMetry's, botocore's, OpenLIT's pass on what the API says), OpenLIT's anthropic,
  OpenLLMetry's llamaindex over Claude;
- output without thoughts, which only the total shows: OpenLLMetry's google-generativeai and vertexai.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import StatusCode

from heliograph.genai import vocabulary as v
from heliograph.genai._read._usage import Usage
from heliograph.genai._read._values import count, first, flag, number, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._read._span import Readable

__all__ = ["Dialect"]

_WITHOUT_CACHED: Final = (
    "opentelemetry.instrumentation.bedrock",
    "opentelemetry.instrumentation.botocore",
    "openlit.instrumentation.anthropic",
    "openlit.instrumentation.bedrock",
)
_TOOL_KIND: Final = "tool"
_WITHOUT_CACHED_OF_CLAUDE: Final = ("opentelemetry.instrumentation.llamaindex",)


class Dialect:
    """How to read what its writers say in a way of their own."""

    def operation(self, attributes: Mapping[str, Any]) -> str:
        """Name what was asked for, in OpenTelemetry's word; "" where nothing says so."""
        name = str(first(attributes, v.OPERATION) or "")
        return v.OPERATION_ALIASES.get(name, name)

    def is_tool(self, attributes: Mapping[str, Any]) -> bool:
        """Whether it is one run of a tool. OpenLLMetry's decorator says it as the kind of its span."""
        return (
            first(attributes, v.OPERATION) == v.TOOL_OPERATION or attributes.get(v.OPENLLMETRY_KIND.name) == _TOOL_KIND
        )

    def streamed(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the answer came, or was to come, in chunks."""
        return flag(first(attributes, v.STREAMED))

    def was_left(self, span: Readable, attributes: Mapping[str, Any], *, ended: bool) -> bool:
        """Whether a call without an error is a stream that the caller left; `ended`: it has an end or output tokens.

        The official instrumentors end such a span without an error, a finish reason or usage.
        """
        del span
        return not ended and self.streamed(attributes)

    def usage(self, span: Readable, attributes: Mapping[str, Any], provider: str, model: str) -> Usage:
        """Read the token counts as they are reported."""
        scope = span.instrumentation_scope.name if span.instrumentation_scope else ""
        without = scope.startswith(_WITHOUT_CACHED) or (
            scope.startswith(_WITHOUT_CACHED_OF_CLAUDE) and (provider == "anthropic" or "claude" in model)
        )
        return Usage(
            inputs=count(first(attributes, v.INPUT_TOKENS)),
            outputs=count(first(attributes, v.OUTPUT_TOKENS)),
            total=count(first(attributes, v.TOTAL_TOKENS)),
            cache_read=count(first(attributes, v.CACHE_READ_TOKENS)) or 0,
            cache_write=count(first(attributes, v.CACHE_WRITE_TOKENS)) or 0,
            reasoning=count(first(attributes, v.REASONING_TOKENS)) or 0,
            input_audio=count(first(attributes, v.INPUT_AUDIO_TOKENS)) or 0,
            output_audio=count(first(attributes, v.OUTPUT_AUDIO_TOKENS)) or 0,
            leaves_cached_out=without,
            rest_is_reasoning=provider.startswith("gcp."),
        )

    def requested_model(self, attributes: Mapping[str, Any]) -> str | None:
        """Name the model that was asked for."""
        return text(first(attributes, v.REQUEST_MODEL))

    def latency(self, span: Readable, attributes: Mapping[str, Any]) -> float:
        """Give the seconds that the call took."""
        del attributes
        return max(((span.end_time or 0) - (span.start_time or 0)) / 1e9, 0.0)

    def time_to_first_token(self, span: Readable, attributes: Mapping[str, Any]) -> float | None:
        """Give the seconds from the request to the first chunk, where the span says so."""
        del span
        return number(first(attributes, v.TIME_TO_FIRST_CHUNK))

    def failure(self, span: Readable, attributes: Mapping[str, Any]) -> str | None:
        """Name the error of a failed span; None for a good one. An exception event alone may have been handled."""
        named = text(first(attributes, v.ERROR_TYPE))
        if span.status.status_code is StatusCode.ERROR or named:
            return named or raised_type(span) or "_OTHER"
        return None


def raised(span: Readable) -> Mapping[str, Any] | None:
    """Give the attributes of the last exception event."""
    event = next((each for each in reversed(span.events) if each.name == "exception"), None)
    return None if event is None else (event.attributes or {})


def raised_type(span: Readable) -> str | None:
    """Name the class of the last exception event."""
    said = raised(span)
    return None if said is None else text(said.get("exception.type"))
