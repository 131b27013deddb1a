"""Providers of others that are found in the process when `configure` is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from heliograph.telemetry._joining import tracer_provider

if TYPE_CHECKING:
    import pytest
    from opentelemetry.trace import Tracer


class Around(trace.TracerProvider):
    """A provider around the SDK's, as Logfire's is."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self.provider = provider

    def get_tracer(self, *_: object, **__: object) -> Tracer:
        return trace.NoOpTracer()


def test_a_provider_around_the_sdks_is_joined_within(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: Around(inner))
    assert tracer_provider(Resource({})) == (inner, False)


def test_a_provider_that_is_not_the_sdks_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: Around(trace.NoOpTracerProvider()))
    assert tracer_provider(Resource({})) == (None, False)
    assert "no calls are counted" in caplog.text
