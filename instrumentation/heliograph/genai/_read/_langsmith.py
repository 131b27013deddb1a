"""LangSmith's OTel mode (langsmith 0.14.17, `_internal/otel/_otel_exporter.py`).

It writes OpenTelemetry's names, after the fact, from a run. Token counts are `usage_metadata`'s: cached tokens
included (its wrappers add Anthropic's up), with the details as `str(dict)`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._read._otel import Dialect, raised
from heliograph.genai._read._values import count, dictionary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._read._span import Readable
    from heliograph.genai._read._usage import Usage

__all__ = ["LangSmith"]

_CALLS: Final = frozenset({"llm", "embedding"})
_CACHE_WRITES: Final = ("cache_creation", "cache_write", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


class LangSmith(Dialect):
    """Runs as spans. Kinds other than llm and embedding are no calls, whatever operation they are given."""

    def operation(self, attributes: Mapping[str, Any]) -> str:
        """Name the operation. A retriever's says "embeddings" and a prompt's "chat": there the kind decides."""
        kind = attributes.get(v.LANGSMITH_KIND.name)
        return super().operation(attributes) if kind in _CALLS else ""

    def is_tool(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the run is one of a tool."""
        return attributes.get(v.LANGSMITH_KIND.name) == "tool"

    def usage(self, span: Readable, attributes: Mapping[str, Any], provider: str, model: str) -> Usage:
        """Add the details to what OpenTelemetry's names say."""
        said = super().usage(span, attributes, provider, model)
        inputs = dictionary(attributes.get(v.INPUT_TOKEN_DETAILS.name))
        outputs = dictionary(attributes.get(v.OUTPUT_TOKEN_DETAILS.name))
        return replace(
            said,
            cache_read=said.cache_read or count(inputs.get("cache_read")) or 0,
            cache_write=said.cache_write or _cache_writes(inputs),
            cache_write_1h=count(inputs.get("ephemeral_1h_input_tokens")) or 0,
            reasoning=said.reasoning or count(outputs.get("reasoning")) or 0,
            input_audio=said.input_audio or count(inputs.get("audio")) or 0,
            output_audio=said.output_audio or count(outputs.get("audio")) or 0,
        )

    def failure(self, span: Readable, attributes: Mapping[str, Any]) -> str | None:
        """Name the error. A run that failed may arrive with status OK and an exception event.

        LangSmith wraps every error in a bare Exception whose message starts with `TypeName(`.
        """
        said = raised(span)
        if said is not None:
            head = str(said.get("exception.message") or "").split("(", 1)[0].strip()
            if head.isidentifier():
                return head
        return super().failure(span, attributes) or (
            None if said is None else str(said.get("exception.type", "_OTHER"))
        )


def _cache_writes(details: Mapping[str, Any]) -> int:
    # The two lifetimes stand beside a cache_creation of zero, or in its place.
    whole = max(count(details.get(name)) or 0 for name in _CACHE_WRITES[:2])
    return whole or sum(count(details.get(name)) or 0 for name in _CACHE_WRITES[2:])
