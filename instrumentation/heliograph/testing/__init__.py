"""Helpers for tests of applications that call LLMs.

`LLMServer` is an OpenAI-compatible server that runs in the test: no key, no network, no cost, the same answers every
time, and faults on demand. `capture` collects what the code within it did: calls, tokens, cost, spans, logs, metrics.
Both are pytest fixtures too: `llm_server` and `captured`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

_HOMES = {
    "CapturedCall": "_captured",
    "CapturedLog": "_captured",
    "CapturedQuery": "_captured",
    "CapturedSpan": "_captured",
    "FakeClock": "_clock",
    "LLMServer": "_server",
    "ReceivedRequest": "_service",
    "Tokens": "_captured",
    "capture": "_capture",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'heliograph.testing' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"heliograph.testing.{home}"), name)
    globals()[name] = value
    return value
