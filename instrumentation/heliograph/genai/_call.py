"""One attempt at a provider, in one notation whatever library reported it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

__all__ = ["Call", "CallStatus"]

CallStatus = Literal["success", "error", "cancelled"]


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt at a provider. Times are in seconds; token counts are None where the span has none.

    `input_tokens` and `output_tokens` are totals; cache, reasoning and audio tokens are subsets of them.
    """

    operation: str
    provider: str
    model: str
    status: CallStatus
    latency: float
    requested_model: str | None = None
    """The name that was asked for; `model` is the one that answered, where an answer named it."""
    error_type: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    """Of the written ones, those for an hour: Anthropic asks more for them than for five minutes."""
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    usage_estimated: bool = False
    """Whether the token counts are our estimate: the provider reported none."""
    service_tier: str | None = None
    """What the provider bills it as: default, flex, batch, priority."""
    time_to_first_token: float | None = None
    finish_reason: str | None = None
    response_id: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    scope: str = ""
    ended: int = 0
    """When the call ended, in nanoseconds since the epoch; 0 where it is not known."""

    @property
    def has_usage(self) -> bool:
        """Whether the provider said how many tokens were billed."""
        return self.input_tokens is not None or self.output_tokens is not None

    def with_usage_of(self, other: Call) -> Call:
        """Return this call with the token counts of another report of it."""
        usage: dict[str, Any] = {name: getattr(other, name) for name in _USAGE}
        return replace(self, **usage)

    @property
    def time_per_output_token(self) -> float | None:
        """Seconds per token after the first, of a streamed answer with at least two tokens."""
        if self.time_to_first_token is None or not self.output_tokens or self.output_tokens < 2:  # noqa: PLR2004
            return None
        return max(self.latency - self.time_to_first_token, 0.0) / (self.output_tokens - 1)


_USAGE: Final = tuple(
    field.name for field in fields(Call) if field.name.endswith("_tokens") or field.name == "usage_estimated"
)
