"""An application's call of a model, with and without us: what it sees, and what we make of it.

No network: the provider is a function below the real client.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import httpx2
import openai
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from heliograph.genai import _sink
from heliograph.genai._meter import CallMeter
from heliograph.genai._prices import Prices
from heliograph.genai._processor import GenAIProcessor
from heliograph.guard import ContentPolicy
from heliograph.integrations import openai as own
from heliograph.integrations.openai import _usage_option

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ROADS", "Instrumented", "Provider", "Road", "body_of", "seen_by_the_application"]

Road = Literal["chat", "chat stream", "responses", "responses stream", "embeddings", "raw", "raw stream", "async"]
ROADS: Final[tuple[Road, ...]] = (
    "chat",
    "chat stream",
    "responses",
    "responses stream",
    "embeddings",
    "raw",
    "raw stream",
    "async",
)
_CHAT: Final[Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What does a heliograph do?"}]}
_PRICES: Final = Prices()
_POLICY: Final = ContentPolicy("full")


class Provider:
    """Answers whatever it was told to."""

    def __init__(self) -> None:
        self._status = 200
        self._content = b"{}"
        self._events: list[Any] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        one: Any = httpx2.MockTransport(self._answer)
        both: Any = openai.DefaultHttpxClient(transport=one)
        later: Any = openai.DefaultAsyncHttpxClient(transport=httpx2.MockTransport(self._answer))
        given: Any = {"base_url": "http://provider.test/v1", "api_key": "none", "max_retries": 0}
        self.client = openai.OpenAI(http_client=both, **given)
        self.asynchronous = openai.AsyncOpenAI(http_client=later, **given)

    def say(self, content: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer with this body from now on."""
        self._status, self._content, self._events = status, content, None
        self._headers = [(name.encode(), value.encode("utf-8", "replace")) for name, value in (headers or {}).items()]

    def stream(self, events: list[Any]) -> None:
        """Answer with server-sent events from now on: JSON values, or bytes to be sent as they are."""
        self.say(b"")
        self._events = events

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if self._events is None:
            return _response(self._status, b"application/json", self._headers, self._content)
        asked = b"include_usage" in request.content
        lines = [each if isinstance(each, bytes) else b"data: " + body_of(each) for each in _told(self._events, asked)]
        return _response(self._status, b"text/event-stream", self._headers, b"\n\n".join([*lines, b""]))


def _response(status: int, kind: bytes, headers: list[tuple[bytes, bytes]], content: bytes) -> httpx2.Response:
    said: Any = [(b"content-type", kind), *headers]
    return httpx2.Response(status, headers=said, content=content)


def _told(events: list[Any], asked: bool) -> Iterator[Any]:
    """Leave out what OpenAI sends only to those who asked for usage: chunks of usage alone, and empty ones."""
    for event in events:
        if not asked and isinstance(event, dict) and "usage" in event and "type" not in event:
            if event["usage"] is not None and not event.get("choices"):
                continue
            if event["usage"] is None:
                yield {name: value for name, value in event.items() if name != "usage"}
                continue
        yield event


class Instrumented:
    """Everything of ours between a client and the wire, in memory. A context manager; nothing is left behind."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self._spans = InMemorySpanExporter()
        self._loggers = LoggerProvider(shutdown_on_exit=False)
        self._loggers.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self._meter = CallMeter(MeterProvider([self._reader], shutdown_on_exit=False), self._loggers, prices=_PRICES)
        self.tracers = TracerProvider(shutdown_on_exit=False)
        exported = SimpleSpanProcessor(self._spans)
        self.tracers.add_span_processor(GenAIProcessor(self._meter, exported, content=_POLICY))
        self.settings = _Settings()

    def __enter__(self) -> Self:
        runtime: Any = self
        assert own.instrument(runtime)
        self._before = _sink.current()
        _sink.install(self._meter)
        return self

    def __exit__(self, *_: object) -> None:
        _sink.install(self._before)
        own.uninstrument()
        _usage_option.forget()

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Attributes of the spans that ended, sequences as lists."""
        return [
            {name: list(said) if isinstance(said, tuple) else said for name, said in (span.attributes or {}).items()}
            for span in self._spans.get_finished_spans()
        ]

    def complaints(self) -> list[str]:
        """Say what is wrong with what was made: a figure that cannot be, or what the wire cannot carry."""
        found: list[str] = []
        data = self._reader.get_metrics_data()
        for name, value in _figures(data):
            if not math.isfinite(value) or value < 0:
                found.append(f"{name} is {value}")
        finished = self._spans.get_finished_spans()
        if len(finished) != 1:
            found.append(f"{len(finished)} spans")
        for span in finished:
            for name, said in (span.attributes or {}).items():
                if isinstance(said, float) and not math.isfinite(said):
                    found.append(f"{name} is {said}")
                if ".usage." in name and isinstance(said, (int, float)) and said < 0:
                    found.append(f"{name} is {said}")
        records = [_POLICY.log(record) for record in self._logs.get_finished_logs()]
        with _Errors("opentelemetry") as errors:
            encode_logs(records)
            if data is not None:
                encode_metrics(data)
            encode_spans(list(finished))
        return found + errors.lines


class _Errors(logging.Handler):
    """Errors of a logger and of those below it, while it is entered."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []
        self._logger = logging.getLogger(name)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)


class _Settings:
    captures_content = True


def _figures(data: Any) -> Iterator[tuple[str, float]]:
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    for name in ("value", "sum", "min", "max"):
                        if hasattr(point, name):
                            yield f"{metric.name} {name}", getattr(point, name)


def body_of(value: Any) -> bytes:
    """Give JSON as a provider may write it: lone surrogates escaped, NaN and Infinity as Python says them."""
    return json.dumps(value).encode()


def seen_by_the_application(provider: Provider, road: Road) -> str:
    """Make one call and say all that the caller gets to see: a value with its type and fields, or an exception."""
    try:
        return repr(_call(provider, road))
    except RecursionError:
        return "RecursionError"  # where it begins depends on how deep the caller is
    except Exception as error:  # noqa: BLE001 - any exception is part of what the caller sees
        return f"{type(error).__qualname__}: {error!r} {getattr(error, 'body', None)!r}"


def _call(provider: Provider, road: Road) -> Any:  # noqa: PLR0911 - one a road
    client = provider.client
    match road:
        case "chat":
            return _shown(client.chat.completions.create(**_CHAT))
        case "chat stream":
            return _each(client.chat.completions.create(**_CHAT, stream=True))
        case "responses":
            return _shown(client.responses.create(model="gpt-4o-mini", input="What?"))
        case "responses stream":
            return _each(client.responses.create(model="gpt-4o-mini", input="What?", stream=True))
        case "embeddings":
            return _shown(client.embeddings.create(model="text-embedding-3-small", input="What?"))
        case "raw":
            raw = client.chat.completions.with_raw_response.create(**_CHAT)
            return raw.http_response.content
        case "raw stream":
            with client.chat.completions.with_streaming_response.create(**_CHAT, stream=True) as passing:
                return b"".join(passing.iter_bytes())
        case "async":
            return asyncio.run(_asynchronously(provider))


async def _asynchronously(provider: Provider) -> Any:
    stream = await provider.asynchronous.chat.completions.create(**_CHAT, stream=True)
    return await _each_later(stream)


def _each(stream: Any) -> list[Any]:
    seen: list[Any] = []
    try:
        seen.extend(_shown(chunk) for chunk in stream)
    except Exception as error:  # noqa: BLE001 - what came before it counts, too
        seen.append(f"{type(error).__qualname__}: {error!r}")
    return seen


async def _each_later(stream: Any) -> list[Any]:
    seen: list[Any] = []
    try:
        async for chunk in stream:
            seen.append(_shown(chunk))  # noqa: PERF401 - those before an exception count
    except Exception as error:  # noqa: BLE001 - as above
        seen.append(f"{type(error).__qualname__}: {error!r}")
    return seen


def _shown(value: Any) -> Any:
    fields = getattr(value, "model_fields_set", None)
    return type(value).__qualname__, repr(value), sorted(fields) if fields is not None else None
