"""Token counts as reported, made whole: totals, with cached, reasoning and audio tokens as subsets of them.

OpenTelemetry, OpenAI and Gemini's input count it all; Anthropic's and Bedrock's APIs leave cached tokens out of
`input_tokens`, and Gemini's `candidatesTokenCount` leaves thoughts out. What a span says depends on whether the
library that wrote it added them up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Usage", "whole"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. None where nothing was said."""

    inputs: int | None = None
    outputs: int | None = None
    total: int | None = None
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0
    input_audio: int = 0
    output_audio: int = 0
    leaves_cached_out: bool = False
    """Whether its writer is known to leave cached tokens out of `inputs`."""
    rest_is_reasoning: bool = False
    """Whether tokens that are in `total` only are known to be reasoning that is billed as output."""


def whole(usage: Usage) -> Usage:
    """Give the usage with `inputs` and `outputs` as totals and no subset larger than its whole.

    Whether cached or reasoning tokens must be added is told, in this order, by a total that only adds up with
    them; by a subset that is larger than its whole; by who wrote the span.
    """
    cached, reasoning = usage.cache_read + usage.cache_write, usage.reasoning
    inputs, outputs, total = usage.inputs or 0, usage.outputs or 0, usage.total
    add_cached = bool(cached) and (usage.leaves_cached_out or cached > inputs)
    add_reasoning = reasoning > outputs
    rest = 0 if total is None else total - inputs - outputs
    if rest > 0:
        if cached and rest == cached:
            add_cached = True
        elif reasoning and rest == reasoning:
            add_cached, add_reasoning = cached > inputs, True
        elif cached and reasoning and rest == cached + reasoning:
            add_cached = add_reasoning = True
        elif usage.rest_is_reasoning and not add_cached:
            reasoning, add_reasoning = max(reasoning, rest), False
            outputs += rest
    if add_cached:
        inputs += cached
    if add_reasoning:
        outputs += reasoning
    read = min(usage.cache_read, inputs)
    written = min(usage.cache_write, inputs - read)
    return replace(
        usage,
        inputs=inputs if usage.inputs is not None or inputs else None,
        outputs=outputs if usage.outputs is not None or outputs else None,
        cache_read=read,
        cache_write=written,
        cache_write_1h=min(usage.cache_write_1h, written),
        reasoning=min(reasoning, outputs),
        input_audio=min(usage.input_audio, inputs),
        output_audio=min(usage.output_audio, outputs),
    )
