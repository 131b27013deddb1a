"""Helpers for tests of applications that call LLMs.

`LLMServer` is an OpenAI-compatible server that runs in the test: no key, no network, no cost, the same answers every
time, and faults on demand. `capture` collects what the code within it did: calls, tokens, cost, spans, logs, metrics.
Both are pytest fixtures too: `llm_server` and `captured`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph._lazy import exports

if TYPE_CHECKING:
    from heliograph.testing._capture import capture
    from heliograph.testing._captured import CapturedCall, CapturedLog, CapturedQuery, CapturedSpan, Tokens
    from heliograph.testing._clock import FakeClock
    from heliograph.testing._server import LLMServer
    from heliograph.testing._service import ReceivedRequest

__all__ = [
    "CapturedCall",
    "CapturedLog",
    "CapturedQuery",
    "CapturedSpan",
    "FakeClock",
    "LLMServer",
    "ReceivedRequest",
    "Tokens",
    "capture",
]

__getattr__ = exports(
    __name__,
    {
        "CapturedCall": "_captured",
        "CapturedLog": "_captured",
        "CapturedQuery": "_captured",
        "CapturedSpan": "_captured",
        "FakeClock": "_clock",
        "LLMServer": "_server",
        "ReceivedRequest": "_service",
        "Tokens": "_captured",
        "capture": "_capture",
    },
)
