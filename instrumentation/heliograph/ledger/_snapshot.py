"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from heliograph.ledger._plan import Signal

__all__ = ["Snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """Records by signal, so far."""

    phase: Literal["send", "read"]
    seconds: float
    """Since the start of the run."""
    sent: dict[Signal, int] = field(default_factory=dict)
    acknowledged: dict[Signal, int] = field(default_factory=dict)
    refused: dict[Signal, int] = field(default_factory=dict)
    """Refused for good or given up."""
    stored: dict[Signal, int] = field(default_factory=dict)
    behind: float = 0.0
    """Seconds that the slowest sender is behind its plan now."""

    def text(self) -> str:
        """Say it in one line."""
        if self.phase == "read":
            parts = [f"{name} {self.stored.get(name, 0):,} of {count:,}" for name, count in self.acknowledged.items()]
            return "found: " + ", ".join(parts)
        parts = [f"{name} {count:,}" for name, count in self.acknowledged.items()]
        refused = sum(self.refused.values())
        tail = (f"; refused {refused:,}" if refused else "") + (
            f"; {self.behind:.0f} s behind" if self.behind > 1 else ""
        )
        return "acknowledged: " + ", ".join(parts) + tail
