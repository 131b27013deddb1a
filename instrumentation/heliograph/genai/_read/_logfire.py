"""Logfire's instrument_openai and instrument_anthropic (logfire 5.2.0, `_internal/integrations/llm_providers`).

They write OpenTelemetry's names. Of OpenAI's cached and reasoning tokens only the provider's own usage tells, as JSON
(`gen_ai.usage.raw`).

A stream is two spans, neither within the other: one of the request, which ends as the stream begins and knows nothing
of an answer, and a log, a span without duration, at the end of the stream. The log is the call; the request is one
where it failed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._read._otel import Dialect
from heliograph.genai._read._values import count, dictionary, first, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._read._span import Readable
    from heliograph.genai._read._usage import Usage

__all__ = ["SCOPE", "Logfire"]

SCOPE: Final = "logfire."
"""How the names of its scopes begin."""

_LOG: Final = "log"
_OF_AN_ANSWER: Final = (v.RESPONSE_ID, v.RESPONSE_MODEL, v.INPUT_TOKENS, v.OUTPUT_TOKENS)
_ERROR: Final = 17  # OpenTelemetry's severity number of ERROR


class Logfire(Dialect):
    """OpenTelemetry's names, details in `gen_ai.usage.raw`, and streams in two parts."""

    def operation(self, attributes: Mapping[str, Any]) -> str:
        """Name the operation; a request that neither failed nor was answered has opened a stream, and is no call."""
        tells = attributes.get(v.LOGFIRE_KIND.name) == _LOG or _answered(attributes) or _failed(attributes)
        return super().operation(attributes) if tells else ""

    def usage(self, span: Readable, attributes: Mapping[str, Any], provider: str, model: str) -> Usage:
        """Add the details to what OpenTelemetry's names say."""
        said = super().usage(span, attributes, provider, model)
        raw = dictionary(attributes.get(v.LOGFIRE_USAGE.name))
        inputs, outputs = _details(raw, "prompt", "input"), _details(raw, "completion", "output")
        return replace(
            said,
            cache_read=said.cache_read or _count(inputs, "cached_tokens") or _count(raw, "cache_read_input_tokens"),
            cache_write=said.cache_write or _count(raw, "cache_creation_input_tokens"),
            reasoning=said.reasoning or _count(outputs, "reasoning_tokens"),
            input_audio=said.input_audio or _count(inputs, "audio_tokens"),
            output_audio=said.output_audio or _count(outputs, "audio_tokens"),
        )

    def latency(self, span: Readable, attributes: Mapping[str, Any]) -> float:
        """Give the seconds a stream took, which its log says, or else those of the span."""
        told = number(attributes.get(v.LOGFIRE_DURATION.name))
        if told is not None and attributes.get(v.LOGFIRE_KIND.name) == _LOG:
            return told
        return super().latency(span, attributes)


def _answered(attributes: Mapping[str, Any]) -> bool:
    return any(first(attributes, spec) is not None for spec in _OF_AN_ANSWER)


def _failed(attributes: Mapping[str, Any]) -> bool:
    return (number(attributes.get(v.LOGFIRE_LEVEL.name)) or 0) >= _ERROR


def _details(raw: Mapping[str, Any], *kinds: str) -> Mapping[str, Any]:
    for kind in kinds:
        found = raw.get(f"{kind}_tokens_details")
        if isinstance(found, dict):
            return found
    return {}


def _count(said: Mapping[str, Any], name: str) -> int:
    return count(said.get(name)) or 0
