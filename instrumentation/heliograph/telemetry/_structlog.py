"""A structlog processor. structlog itself is not needed to import this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliograph.telemetry._json import trace_ids

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["add_trace_context"]


def add_trace_context(logger: object, method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add `trace_id` and `span_id` of the current span to a structlog event; put it before the renderer.

    structlog.configure(processors=[add_trace_context, ..., structlog.processors.JSONRenderer()])
    """
    del logger, method
    for name, value in trace_ids().items():
        event_dict.setdefault(name, value)
    return event_dict
