"""What became of a change at one server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Outcome", "State"]

State = Literal["took it", "unchanged", "refused", "silent", "does not run", "needs a restart", "restarted"]
"""`silent`: it refused nothing, and yet does not show the change. `unchanged`: nothing of it changed."""


@dataclass(frozen=True)
class Outcome:
    """One server and the change."""

    server: str
    state: State
    note: str = ""
    """How it is known, or why not; for people."""

    @property
    def failed(self) -> bool:
        """Whether the change must be taken back."""
        return self.state in {"refused", "silent"}
