"""Langfuse's SDK (langfuse 5.0.4, `_client/attributes.py`, `openai.py`, `langchain/CallbackHandler.py`).

Usage is a JSON text of one of two kinds. The provider's own (`prompt_tokens` or `input_tokens` with `…_details`), as
its OpenAI wrapper sends it: details are subsets. Or flat keys that are each priced by themselves, so that the parts
add up: `input`, `input_cached_tokens`, `cache_read_input_tokens`, `output`, `output_reasoning_tokens`; its LangChain
handler and LiteLLM subtract the details first.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._read._otel import Dialect, raised_type
from heliograph.genai._read._usage import Usage
from heliograph.genai._read._values import count, dictionary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._read._span import Readable

__all__ = ["Langfuse"]

_OPERATIONS: Final = {"generation": "chat", "embedding": "embeddings"}

_INPUTS: Final = ("prompt_tokens", "input_tokens")
_OUTPUTS: Final = ("completion_tokens", "output_tokens")
_UNPREFIXED_INPUTS: Final = ("cache_read_input_tokens", "cache_creation_input_tokens")
_FLAT_READS: Final = (
    "cache_read_input_tokens",
    "input_cache_read",
    "input_cached_tokens",
    "input_cached_content_token_count",
)
_FLAT_WRITES: Final = ("cache_creation_input_tokens", "input_cache_creation", "input_cache_write")
_FLAT_REASONING: Final = ("output_reasoning_tokens", "output_reasoning", "output_thoughts_token_count")
_FLAT_INPUT_AUDIO: Final = ("input_audio_tokens", "input_audio")
_FLAT_OUTPUT_AUDIO: Final = ("output_audio_tokens", "output_audio")


class Langfuse(Dialect):
    """Observations as spans: generations and embeddings are calls."""

    def operation(self, attributes: Mapping[str, Any]) -> str:
        """Name the operation from the kind of the observation; other kinds are no calls."""
        return _OPERATIONS.get(str(attributes.get(v.LANGFUSE_KIND.name)).lower(), "")

    def is_tool(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the observation is one of a tool."""
        return str(attributes.get(v.LANGFUSE_KIND.name)).lower() == "tool"

    def usage(self, span: Readable, attributes: Mapping[str, Any], provider: str, model: str) -> Usage:
        """Read the JSON text of either kind; OpenTelemetry's names where there is none."""
        said = dictionary(attributes.get(v.LANGFUSE_USAGE.name))
        if not said:
            return super().usage(span, attributes, provider, model)
        return _flat(said) if "input" in said or "output" in said else _nested(said)

    def time_to_first_token(self, span: Readable, attributes: Mapping[str, Any]) -> float | None:
        """Give the seconds from the span's start to the time at which the completion began."""
        came = str(attributes.get(v.LANGFUSE_COMPLETION_START.name) or "").strip('"')
        try:
            seconds = datetime.fromisoformat(came).timestamp() - (span.start_time or 0) / 1e9
        except (ValueError, OverflowError, OSError):
            return super().time_to_first_token(span, attributes)
        lasted = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
        return seconds if 0 <= seconds <= lasted else None

    def failure(self, span: Readable, attributes: Mapping[str, Any]) -> str | None:
        """Name the error: level ERROR marks one, besides OpenTelemetry's status."""
        named = super().failure(span, attributes)
        if named is None and attributes.get(v.LANGFUSE_LEVEL.name) == "ERROR":
            return raised_type(span) or "_OTHER"
        return named


def _nested(said: Mapping[str, Any]) -> Usage:
    """Read the provider's own shape: OpenAI's chat completions or responses, or Anthropic's messages."""
    inputs = _details(said, "prompt_tokens_details", "input_tokens_details")
    outputs = _details(said, "completion_tokens_details", "output_tokens_details")
    return Usage(
        inputs=_any(said, _INPUTS),
        outputs=_any(said, _OUTPUTS),
        total=count(said.get("total_tokens")),
        cache_read=count(inputs.get("cached_tokens")) or count(said.get("cache_read_input_tokens")) or 0,
        cache_write=count(said.get("cache_creation_input_tokens")) or 0,
        reasoning=count(outputs.get("reasoning_tokens")) or 0,
        input_audio=count(inputs.get("audio_tokens")) or 0,
        output_audio=count(outputs.get("audio_tokens")) or 0,
        # Only Anthropic names cached tokens beside input_tokens, and leaves them out of it.
        leaves_cached_out="cache_read_input_tokens" in said or "cache_creation_input_tokens" in said,
    )


def _flat(said: Mapping[str, Any]) -> Usage:
    """Read parts that add up, unless a total says that they do not."""
    inputs, outputs, total = count(said.get("input")), count(said.get("output")), count(said.get("total"))
    if total is None or total != (inputs or 0) + (outputs or 0):
        inputs = _with_parts(inputs, said, "input_", _UNPREFIXED_INPUTS)
        outputs = _with_parts(outputs, said, "output_", ())
    return Usage(
        inputs=inputs,
        outputs=outputs,
        cache_read=_any(said, _FLAT_READS) or 0,
        cache_write=_any(said, _FLAT_WRITES) or 0,
        reasoning=_any(said, _FLAT_REASONING) or 0,
        input_audio=_any(said, _FLAT_INPUT_AUDIO) or 0,
        output_audio=_any(said, _FLAT_OUTPUT_AUDIO) or 0,
    )


def _with_parts(base: int | None, said: Mapping[str, Any], prefix: str, unprefixed: tuple[str, ...]) -> int | None:
    # Langfuse's handler keeps keys about the priority tier aside: they are no parts of their own.
    parts = [
        count(value) or 0
        for name, value in said.items()
        if name in unprefixed or (name.startswith(prefix) and not name.startswith(f"{prefix}priority"))
    ]
    return base if base is None and not parts else (base or 0) + sum(parts)


def _details(said: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        found = said.get(name)
        if isinstance(found, dict):
            return found
    return {}


def _any(said: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := count(said.get(name))) is not None), None)
