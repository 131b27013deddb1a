"""Label values with a cap: past it, new values become `other`."""

from __future__ import annotations

from typing import Final

__all__ = ["OTHER", "LabelCap"]

OTHER: Final = "other"


class LabelCap:
    """The first `limit` distinct values pass; later ones are counted under `other`.

    A set grows by at most one element per value, and a race between threads can only let a few values more
    through: no lock is needed.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, value: str | None) -> str:
        """Give the value to use; None becomes ""."""
        if not value:
            return ""
        if value in self._known:
            return value
        if len(self._known) >= self._limit:
            return OTHER
        self._known.add(value)
        return value
