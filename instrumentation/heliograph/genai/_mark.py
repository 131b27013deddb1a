"""A mark that travels with the trace: "the call of a model around this is counted already, by that process".

An application calls a gateway, and the gateway calls the provider; both count what they see. Where the trace
continues from one process to the other (W3C `traceparent` and `tracestate`, as HTTP instrumentations send them),
the gateway finds the mark in the `tracestate` it was sent, and does not count the call again.
https://www.w3.org/TR/trace-context/#tracestate-header
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from opentelemetry.trace import TraceState

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

__all__ = ["KEY", "metered_elsewhere", "renew", "with_mark", "within_call"]

KEY: Final = "heliograph"
"""The mark's name in a `tracestate`."""
_own = ""
_alone = TraceState()


def renew() -> None:
    """Take a name of this process's own; after a fork too."""
    global _own, _alone  # noqa: PLW0603 - one process, one name
    _own = secrets.token_hex(4)
    _alone = TraceState([(KEY, _own)])


def with_mark(state: TraceState | None) -> TraceState:
    """Add the mark for the children of a span that is counted here; another process's mark stays."""
    if not state:
        return _alone
    return state if KEY in state else state.add(KEY, _own)


def within_call(state: TraceState | None) -> bool:
    """Whether a trace state is that of a span within a call, of this process or of another."""
    return bool(state) and KEY in state  # type: ignore[operator]


def metered_elsewhere(parent: SpanContext | None) -> bool:
    """Whether a span's parent is within a call that another process has counted."""
    return parent is not None and parent.trace_state.get(KEY, _own) != _own


renew()
