"""The real openai client, of whichever major version is installed, against the double; spans kept in memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import openai
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from heliograph.integrations import openai as own
from heliograph.integrations.openai import _usage_option
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan


class Seen:
    """What has been exported, and a runtime to instrument with."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.settings = SimpleNamespace(captures_content=False)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._spans.get_finished_spans()

    @property
    def one(self) -> dict[str, Any]:
        """The attributes of the only span."""
        (span,) = self.spans
        return dict(span.attributes or {})

    def instrument(self) -> None:
        runtime: Any = self
        assert own.instrument(runtime)


@pytest.fixture(scope="session")
def server() -> Iterator[LLMServer]:
    with LLMServer(first_token=0, per_token=0) as running:
        yield running


@pytest.fixture
def seen(server: LLMServer) -> Iterator[Seen]:
    server.fault("none")
    found = Seen()
    found.instrument()
    yield found
    own.uninstrument()
    _usage_option.forget()


def connect(server: LLMServer, **more: Any) -> openai.OpenAI:
    """Make a client that loads no certificates: that takes longer than a test."""
    http: Any = openai.DefaultHttpxClient(verify=False)
    return openai.OpenAI(base_url=server.base_url, api_key="none", **{"max_retries": 0, "http_client": http, **more})


def connect_async(server: LLMServer, **more: Any) -> openai.AsyncOpenAI:
    http: Any = openai.DefaultAsyncHttpxClient(verify=False)
    return openai.AsyncOpenAI(
        base_url=server.base_url, api_key="none", **{"max_retries": 0, "http_client": http, **more}
    )


@pytest.fixture
def make_client() -> Any:
    return connect


@pytest.fixture
def make_async() -> Any:
    return connect_async


@pytest.fixture(scope="session")
def sync_client(server: LLMServer) -> openai.OpenAI:
    return connect(server)


@pytest.fixture
def client(sync_client: openai.OpenAI, seen: Seen) -> openai.OpenAI:
    del seen  # instrumented from here on
    return sync_client
