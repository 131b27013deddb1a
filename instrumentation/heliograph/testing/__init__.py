"""Helpers for tests of applications that call LLMs.

`LLMServer` is an OpenAI-compatible server that runs in the test: no key, no network, no cost, the same answers every
time, and faults on demand.
"""

from __future__ import annotations

from heliograph.testing._server import LLMServer
from heliograph.testing._service import ReceivedRequest

__all__ = ["LLMServer", "ReceivedRequest"]
