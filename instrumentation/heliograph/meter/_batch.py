"""What one transaction writes, and what a file holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heliograph.meter._codec import SpanRow, SpanState
    from heliograph.meter._series import Change

__all__ = ["Batch", "Saved"]


@dataclass(slots=True)
class Batch:
    """What one transaction writes: all that changed between two moments at which nothing was under way."""

    number: int
    spans: list[SpanRow] = field(default_factory=list)
    states: list[SpanState] = field(default_factory=list)
    oldest_span: int = 0
    """Older ones are forgotten, but for those that wait."""
    ids: list[tuple[int, float, bytes]] = field(default_factory=list)
    """Ids of spans taken, 8 bytes each, by block and the time (seconds since the epoch)."""
    first_block: int = 0
    """Older ones are forgotten."""
    applications: list[tuple[int, str]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    """Applications that are forgotten, with their series."""
    series: list[tuple[int, Change]] = field(default_factory=list)
    """Application and what changed."""
    events: list[tuple[int, str]] = field(default_factory=list)
    newest_event: int = 0
    delivered: int = 0
    """Events up to this number are no longer needed."""

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return any(
            (
                *(self.spans, self.states, self.ids, self.applications, self.removed, self.series, self.events),
                self.delivered,
            )
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """What a file holds."""

    fields: dict[str, list[str]]
    """`_codec.FIELDS` of whoever wrote it."""
    spans: list[Sequence[Any]]
    resent: list[tuple[int, float, bytes]]
    applications: list[tuple[int, str]]
    series: list[tuple[int, int, str, str, int, str]]
    events: list[tuple[int, str]]
    is_copy: bool
    """Whether another meter may be at work on the original: its series must not be written by two."""
