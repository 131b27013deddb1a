"""A process that sends its runs to LangSmith itself: the mark on its spans, and its last runs when it ends.

The collector can send a copy of all traces to LangSmith (collector/langsmith.yaml). A run must arrive there once: the
collector leaves out every trace that has a marked span. So nothing needs to be agreed on beforehand; a key that is
given to an application, or taken from it, moves the sending.
"""

from __future__ import annotations

import atexit
import contextlib
import inspect
import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from heliograph.genai import vocabulary as v

if TYPE_CHECKING:
    from opentelemetry.context import Context

__all__ = ["Senders", "SentMark"]

_log = logging.getLogger("heliograph.integrations")

AT_EXIT: Final = 3.0
"""Seconds that a process which ends gives its last runs, all clients together."""


class Senders:
    """The clients that send, so that their last runs get out when the process ends."""

    def __init__(self) -> None:
        self._clients: weakref.WeakSet[Any] = weakref.WeakSet()

    def add(self, client: Any) -> None:  # noqa: ANN401
        """Have the client flushed at the end."""
        if not hasattr(client, "flush") or not hasattr(type(client), "__weakref__"):
            return
        if not self._clients:
            atexit.register(self.flush, AT_EXIT)
        self._clients.add(client)

    def flush(self, seconds: float) -> None:
        """Wait until the runs told so far are sent, for at most so many seconds."""
        deadline = time.monotonic() + seconds
        for client in list(self._clients):
            left = max(deadline - time.monotonic(), 0.0)
            try:
                if "timeout" in inspect.signature(client.flush).parameters:
                    client.flush(timeout=left)
                else:  # an older langsmith waits as long as it takes
                    waiting = threading.Thread(target=client.flush, daemon=True)
                    waiting.start()
                    waiting.join(left)
            except Exception:  # noqa: BLE001 - must not reach the application
                _log.debug("a langsmith client could not be flushed", exc_info=True)


class SentMark(SpanProcessor):
    """Marks every span that starts once `set` was called."""

    def __init__(self, provider: Any) -> None:  # noqa: ANN401 - the SDK's TracerProvider, or one like it
        self._on = False
        self._provider = provider

    def set(self) -> None:
        """Mark every span from now on."""
        if not self._on:
            self._on = True
            with contextlib.suppress(AttributeError):
                self._provider.add_span_processor(self)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Mark the span."""
        del parent_context
        span.set_attribute(v.LANGSMITH_SENT.name, value=True)

    def on_end(self, span: ReadableSpan) -> None:
        """Leave it."""

    def shutdown(self) -> None:
        """Hold nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Hold nothing."""
        del timeout_millis
        return True
