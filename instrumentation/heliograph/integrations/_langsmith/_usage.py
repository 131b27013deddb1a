"""The tokens of a run, from wherever its reporter put them.

LangSmith's `usage_metadata` (https://docs.langchain.com/langsmith/log-llm-trace) is the common notation: totals, and
details that are subsets of them. Its own OpenTelemetry exporter reads the details at the top of the outputs only, and
writes them as Python's text; LangChain's, in the generations, it drops. Answers of a provider that somebody returned as
they were (`usage`) are read too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from heliograph.integrations._langsmith._run import Run

__all__ = ["Usage", "messages_of", "usage_of"]

# The OpenAI wrapper prefixes the details of calls in a special tier: "flex_cache_read".
_TIERS: Final = ("", "priority_", "flex_")
# Anthropic's writes by their time to live; the Gemini wrapper counts long prompts' cached part twice, as a part of it.
_WRITES: Final = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "ephemeral_1hr_input_tokens")


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts; None where nobody said. The details are subsets of the totals."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None

    @property
    def total(self) -> int | None:
        """Input and output."""
        if self.input is None and self.output is None:
            return None
        return (self.input or 0) + (self.output or 0)


def usage_of(run: Run) -> Usage | None:
    """Read the usage; None where the run has none."""
    for found in _candidates(run):
        usage = _unified(found) or _raw(found)
        if usage is not None:
            return usage
    return None


def messages_of(outputs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the message objects in a run's outputs, as far as they can be recognised, best first."""
    for value in (outputs.get("output"), outputs.get("message"), *outputs.values()):
        if isinstance(value, Mapping):
            yield _flat(value)
    for generation in _generations(outputs.get("generations")):
        message = generation.get("message")
        if isinstance(message, Mapping):
            yield _flat(message)
    messages = outputs.get("messages")
    if isinstance(messages, Sequence) and not isinstance(messages, str) and messages:
        last = messages[-1]
        if isinstance(last, Mapping):
            yield _flat(last)


def _candidates(run: Run) -> Iterator[Mapping[str, Any]]:
    outputs = run.outputs
    holders: list[Mapping[str, Any]] = [outputs, *messages_of(outputs)]
    # The run's metadata come last: LangChain sums the same usage there over the choices of one answer.
    for holder in (*holders, run.metadata):
        found = holder.get("usage_metadata")
        if isinstance(found, Mapping):
            yield found
    for holder in (*holders, _mapping(outputs.get("llm_output"))):
        for name in ("usage", "token_usage"):
            found = holder.get(name)
            if isinstance(found, Mapping):
                yield found


def _unified(said: Mapping[str, Any]) -> Usage | None:
    total_in, total_out = _count(said.get("input_tokens")), _count(said.get("output_tokens"))
    if (total_in is None and total_out is None) or _is_raw(said):
        return None
    inputs, outputs = _mapping(said.get("input_token_details")), _mapping(said.get("output_token_details"))
    written = _of_tiers(inputs, "cache_creation")
    by_lifetime = _sum(inputs.get(name) for name in _WRITES)
    return Usage(
        input=total_in,
        output=total_out,
        cache_read=_of_tiers(inputs, "cache_read"),
        cache_write=max((each for each in (written, by_lifetime) if each is not None), default=None),
        reasoning=_of_tiers(outputs, "reasoning"),
        input_audio=_of_tiers(inputs, "audio"),
        output_audio=_of_tiers(outputs, "audio"),
    )


def _is_raw(said: Mapping[str, Any]) -> bool:
    """Whether it is a provider's own `usage`: those of Anthropic and OpenAI's Responses have the same totals' names."""
    return any(
        name in said
        for name in (
            "input_tokens_details",
            "output_tokens_details",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        )
    )


def _raw(said: Mapping[str, Any]) -> Usage | None:
    total_in = _first(said, "prompt_tokens", "input_tokens")
    total_out = _first(said, "completion_tokens", "output_tokens")
    if total_in is None and total_out is None:
        return None
    inputs = _mapping(said.get("prompt_tokens_details") or said.get("input_tokens_details"))
    outputs = _mapping(said.get("completion_tokens_details") or said.get("output_tokens_details"))
    read, written = _count(said.get("cache_read_input_tokens")), _count(said.get("cache_creation_input_tokens"))
    if read is not None or written is not None:
        # Anthropic counts the cached tokens apart from the input tokens.
        total_in = (total_in or 0) + (read or 0) + (written or 0)
    return Usage(
        input=total_in,
        output=total_out,
        cache_read=read if read is not None else _count(inputs.get("cached_tokens")),
        cache_write=written,
        reasoning=_count(outputs.get("reasoning_tokens")),
        input_audio=_count(inputs.get("audio_tokens")),
        output_audio=_count(outputs.get("audio_tokens")),
    )


def _flat(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Unwrap a message that LangChain serialised: `{"lc": 1, "type": "constructor", "kwargs": {...}}`."""
    inner = message.get("kwargs")
    return inner if message.get("lc") == 1 and isinstance(inner, Mapping) else message


def _generations(value: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    if not isinstance(value, Sequence) or isinstance(value, str):
        return
    for each in value:
        if isinstance(each, Mapping):
            yield each
        else:
            yield from _generations(each)


def _of_tiers(details: Mapping[str, Any], name: str) -> int | None:
    return _sum(details.get(f"{tier}{name}") for tier in _TIERS)


def _sum(values: Iterator[Any]) -> int | None:
    counts = [count for count in map(_count, values) if count is not None]
    return sum(counts) if counts else None


def _first(said: Mapping[str, Any], *names: str) -> int | None:
    return next((count for count in (_count(said.get(name)) for name in names) if count is not None), None)


def _count(value: Any) -> int | None:  # noqa: ANN401
    """Pass a whole number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        return None
    return int(value)


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401
    return value if isinstance(value, Mapping) else {}
