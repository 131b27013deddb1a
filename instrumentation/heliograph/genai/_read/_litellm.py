"""LiteLLM's `otel` callback (litellm 1.109.1, `integrations/opentelemetry.py`).

It writes OpenTelemetry's names with totals. Of cached, reasoning and audio tokens it says nothing there for most
providers: they are in the usage it logged, as `str(dict)`, in OpenAI's shape whoever the provider is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heliograph.genai import vocabulary as v
from heliograph.genai._read._otel import Dialect
from heliograph.genai._read._values import count, dictionary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._read._span import Readable
    from heliograph.genai._read._usage import Usage

__all__ = ["LiteLLM"]


class LiteLLM(Dialect):
    """OpenTelemetry's names, and details in `metadata.usage_object`."""

    def usage(self, span: Readable, attributes: Mapping[str, Any], provider: str, model: str) -> Usage:
        """Add the details to what OpenTelemetry's names say."""
        said = super().usage(span, attributes, provider, model)
        logged = dictionary(attributes.get(v.LITELLM_USAGE.name))
        inputs, outputs = (_details(logged, f"{kind}_tokens_details") for kind in ("prompt", "completion"))
        return replace(
            said,
            cache_read=said.cache_read or _first(inputs, "cached_tokens") or _first(logged, "cache_read_input_tokens"),
            cache_write=said.cache_write
            or _first(inputs, "cache_creation_tokens")
            or _first(logged, "cache_creation_input_tokens"),
            reasoning=said.reasoning or _first(outputs, "reasoning_tokens"),
            input_audio=said.input_audio or _first(inputs, "audio_tokens"),
            output_audio=said.output_audio or _first(outputs, "audio_tokens"),
        )


def _details(logged: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = logged.get(name)
    return found if isinstance(found, dict) else {}


def _first(said: Mapping[str, Any], name: str) -> int:
    return count(said.get(name)) or 0
