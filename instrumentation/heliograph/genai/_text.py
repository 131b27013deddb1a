"""Bounds on texts that users hand in."""

from __future__ import annotations

from typing import Final

__all__ = ["short"]

_LONGEST: Final = 256


def short(value: object) -> str | None:
    """Give the value as text of at most 256 characters; None stays None. Never raises."""
    if value is None:
        return None
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:  # noqa: BLE001 - a broken __str__ must not break the application
        return "?"
    return text[:_LONGEST]
