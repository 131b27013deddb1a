"""Fixtures for pytest, there as soon as heliograph is installed: `captured`, `fake_clock` and `llm_server`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.testing._capture import capture
    from heliograph.testing._clock import FakeClock
    from heliograph.testing._server import LLMServer

__all__ = ["captured", "fake_clock", "llm_server"]


@pytest.fixture
def captured() -> Iterator[capture]:
    """Collect what this test does with its models: its calls, their cost and tokens, spans, logs, metrics."""
    from heliograph.testing import capture

    with capture() as made:
        yield made


@pytest.fixture
def fake_clock() -> Iterator[FakeClock]:
    """Let time pass only by `fake_clock.advance(seconds)`, for spans, queries, chains and calls."""
    from heliograph.testing import FakeClock

    with FakeClock() as clock:
        yield clock


@pytest.fixture
def llm_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMServer]:
    """Serve OpenAI's API for this test; OPENAI_BASE_URL and OPENAI_API_KEY name it meanwhile."""
    from heliograph.testing import LLMServer

    with LLMServer(first_token=0.0, per_token=0.0) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        yield server
