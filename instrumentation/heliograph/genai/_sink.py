"""Where queries, chains and calls are reported: nowhere until `heliograph.configure`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.genai._meter import CallMeter

__all__ = ["current", "install"]

_current: CallMeter | None = None


def current() -> CallMeter | None:
    """Give the meter in use, None before `configure` and after `shutdown`."""
    return _current


def install(meter: CallMeter | None) -> None:
    """Use `meter` from now on."""
    global _current  # noqa: PLW0603 - the one switch between "configured" and not
    _current = meter
