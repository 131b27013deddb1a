"""Bridges to the libraries an application uses; each is touched only once the application imports it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.telemetry._runtime import Runtime

__all__ = ["activate"]

_log = logging.getLogger("heliograph.integrations")


def activate(runtime: Runtime) -> None:
    """Set up instrumentors, the transport hook and LangSmith; a failing one is reported, and left out."""
    from heliograph.integrations import _instrumentors, _langsmith, _transport

    for name, step in (
        ("instrumentors", _instrumentors.activate),
        ("transport", _transport.activate),
        ("langsmith", _langsmith.activate),
    ):
        try:
            step(runtime)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.warning("the integration %s could not be set up: it is left out", name, exc_info=True)
