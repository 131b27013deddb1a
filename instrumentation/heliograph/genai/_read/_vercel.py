"""The Vercel AI SDK's own spans (ai 6.0.326, and ai 5 with its providers of major version 2).

`ai.generateText` and its like are what the application called and repeat the sum of all steps;
`ai.generateText.doGenerate` and its like are the calls of the model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._read._otel import Dialect
from heliograph.genai._read._values import count, dictionary, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._read._span import Readable
    from heliograph.genai._read._usage import Usage

__all__ = ["Vercel"]

_OPERATIONS: Final = {
    "doGenerate": "chat",
    "doStream": "chat",
    "doEmbed": "embeddings",
    "doRerank": "rerank",
}
_MILLISECONDS: Final = (v.VERCEL_TIME_TO_FIRST_CHUNK.name, "ai.stream.msToFirstChunk")


class Vercel(Dialect):
    """Spans with `ai.operationId`."""

    def operation(self, attributes: Mapping[str, Any]) -> str:
        """Name the operation of a `….do…` span; the others hold calls and are none."""
        return _OPERATIONS.get(_last(attributes), "")

    def is_tool(self, attributes: Mapping[str, Any]) -> bool:
        """Whether it is `ai.toolCall`."""
        return attributes.get(v.VERCEL_OPERATION.name) == "ai.toolCall"

    def streamed(self, attributes: Mapping[str, Any]) -> bool:
        """Whether it is `….doStream`."""
        return _last(attributes) == "doStream"

    def usage(self, span: Readable, attributes: Mapping[str, Any], provider: str, model: str) -> Usage:
        """Read the counts: totals since version 6; before, what the provider's API says.

        Version 5 passes Anthropic's `input_tokens` on, without cached ones; its writes are in the metadata only.
        """
        said = super().usage(span, attributes, provider, model)
        if v.VERCEL_NO_CACHE_TOKENS.name in attributes or not _is_claude(provider, model):
            return said
        metadata = dictionary(attributes.get(v.VERCEL_PROVIDER_METADATA.name)).get("anthropic")
        written = count(metadata.get("cacheCreationInputTokens")) if isinstance(metadata, dict) else None
        return replace(said, cache_write=said.cache_write or written or 0, leaves_cached_out=True)

    def time_to_first_token(self, span: Readable, attributes: Mapping[str, Any]) -> float | None:
        """Give the seconds of `ai.response.msToFirstChunk`."""
        for name in _MILLISECONDS:
            milliseconds = number(attributes.get(name))
            if milliseconds is not None:
                return milliseconds / 1e3
        return super().time_to_first_token(span, attributes)


def _last(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get(v.VERCEL_OPERATION.name)).rpartition(".")[2]


def _is_claude(provider: str, model: str) -> bool:
    return provider == "anthropic" or "claude" in model
