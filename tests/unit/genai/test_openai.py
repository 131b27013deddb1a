"""The real openai client against the OpenAI-compatible server of `heliograph.testing`."""

from __future__ import annotations

import asyncio
import time
from importlib.metadata import entry_points
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import openai
import pytest

import heliograph
from heliograph.integrations import _instrumentors, _quotas, _transport
from heliograph.integrations import openai as own
from heliograph.integrations.openai import _left
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Bench

MESSAGES: Any = [{"role": "user", "content": "What does a heliograph do?"}]


@pytest.fixture(scope="module")
def server() -> Iterator[LLMServer]:
    with LLMServer(port=0) as running:
        yield running


@pytest.fixture
def instrumented(bench: Bench, server: LLMServer) -> Iterator[Bench]:
    server.fault("none")
    runtime: Any = SimpleNamespace(tracers=bench.tracers, meters=bench.meters, loggers=bench.loggers)
    (choice,) = _instrumentors.choose(entry_points(group="opentelemetry_instrumentor"), {"openai": ""})
    _instrumentors._start(choice, runtime)
    _transport.activate(runtime)
    _quotas.forget()
    yield bench
    own.uninstrument()


def client(server: LLMServer, **more: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.base_url, api_key="none", **more)


def billed(server: LLMServer, since: int) -> tuple[int, int]:
    usages = [line["usage"] for line in server.usage()[since:]]
    return (
        sum(each.get("prompt_tokens", 0) for each in usages),
        sum(each.get("completion_tokens", 0) for each in usages),
    )


def test_chat_is_counted_as_the_provider_bills_it(instrumented: Bench, server: LLMServer) -> None:
    since = len(server.usage())
    for _ in range(3):
        client(server).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    inputs, outputs = billed(server, since)
    assert instrumented.total("llm_requests", status="success", operation="chat") == 3
    assert instrumented.total("llm_tokens", type="input") == inputs > 0
    assert instrumented.total("llm_tokens", type="output") == outputs > 0
    assert instrumented.total("llm_cost") > 0


def test_a_stream_has_its_usage_and_its_time_to_first_token(instrumented: Bench, server: LLMServer) -> None:
    since = len(server.usage())
    stream = client(server).chat.completions.create(
        model="gpt-4o-mini", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    assert len(list(stream)) > 1
    assert instrumented.total("llm_tokens", type="output") == billed(server, since)[1]
    data = instrumented.collect()
    (first,) = instrumented.pick(data, "llm_time_to_first_token")
    (whole,) = instrumented.pick(data, "llm_latency")
    assert 0 < first.sum <= whole.sum
    assert instrumented.pick(data, "llm_time_per_output_token")
    # The instrumentor's own metrics, one record per chunk, are not made at all.
    assert not [m for m in ("gen_ai.client.operation.duration", "gen_ai.client.token.usage") if instrumented.points(m)]


def test_a_stream_that_is_left_early_is_cancelled(instrumented: Bench, server: LLMServer) -> None:
    for leave in ("close", "with", "forget"):
        stream = client(server).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True)
        if leave == "with":
            with stream:
                next(iter(stream))
        else:
            next(iter(stream))
        if leave == "close":
            stream.close()
        del stream
    _left.settle()  # as a flush does: whoever leaves a loop may go on in another
    assert instrumented.total("llm_requests", status="cancelled") == 3
    assert instrumented.total("llm_requests") == 3


def test_embeddings_have_a_cost(instrumented: Bench, server: LLMServer) -> None:
    client(server).embeddings.create(model="text-embedding-3-small", input="sun and mirrors")
    assert instrumented.total("llm_requests", operation="embeddings", model="text-embedding-3-small") == 1
    assert instrumented.total("llm_cost", operation="embeddings") > 0


def test_an_asynchronous_call_and_its_cancellation(instrumented: Bench, server: LLMServer) -> None:
    async def calls() -> None:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="none") as asynchronous:
            async with heliograph.query(user_id="u-1"):
                await asynchronous.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
            server.fault("slow", rate=1.0, seconds=5)
            waiting = asyncio.create_task(asynchronous.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES))
            await asyncio.sleep(0.2)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    asyncio.run(calls())
    assert instrumented.total("llm_requests", status="success") == 1
    assert instrumented.total("llm_requests", status="cancelled") == 1
    assert instrumented.events[0]["user_id"] == "u-1"


def test_errors_and_the_clients_own_retries_are_counted(
    instrumented: Bench, server: LLMServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    server.fault("500", rate=1.0)
    with pytest.raises(openai.InternalServerError):
        client(server, max_retries=2).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    (retries,) = instrumented.points("llm_client_retries", reason="500", model="gpt-4o-mini", provider="openai")
    assert (retries.value, retries.exemplars) == (2, [])
    assert instrumented.total("llm_requests", status="error") == 1


def test_nobody_there_is_an_error_and_a_retry_over_connection(
    instrumented: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    nobody = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=1)
    with pytest.raises(openai.APIConnectionError):
        nobody.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert instrumented.total("llm_requests", status="error") == 1
    assert instrumented.total("llm_client_retries", reason="connection") == 1


def test_quotas_come_from_the_headers(instrumented: Bench, server: LLMServer) -> None:
    client(server).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    for kind in ("requests", "tokens"):
        data = instrumented.collect()
        # The model that answers, not the one asked for: a limit is the former's, under whatever name it was called.
        (limit,) = instrumented.pick(data, "llm_quota_limit", type=kind, model="gpt-4o-mini-2024-07-18")
        (left,) = instrumented.pick(data, "llm_quota_remaining", type=kind, provider="openai")
        (ratio,) = instrumented.pick(data, "llm_quota_used_ratio", type=kind)
        assert 0 < left.value < limit.value
        assert ratio.value == pytest.approx(1 - left.value / limit.value)


def test_a_name_whose_model_is_known_need_not_wait_for_the_end_of_a_stream(
    instrumented: Bench, server: LLMServer
) -> None:
    asked = client(server).chat.completions

    def left() -> float:
        (point,) = instrumented.points("llm_quota_remaining", type="tokens", model="gpt-4o-mini-2024-07-18")
        return float(point.value)

    asked.create(model="gpt-4o-mini", messages=MESSAGES)
    before = left()
    long: Any = [{"role": "user", "content": "word " * 20_000}]
    with asked.create(model="gpt-4o-mini", messages=long, stream=True):
        assert left() < before


def test_a_library_that_is_instrumented_already_is_left_alone(instrumented: Bench, server: LLMServer) -> None:
    runtime: Any = SimpleNamespace(
        tracers=instrumented.tracers, meters=instrumented.meters, loggers=instrumented.loggers
    )
    for choice in _instrumentors.choose(entry_points(group="opentelemetry_instrumentor"), {"openai": ""}):
        _instrumentors._start(choice, runtime)
    client(server).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert instrumented.total("llm_requests") == 1


@pytest.mark.parametrize(
    ("wrappers", "counted"),
    [(["langfuse.openai"], 1), (["opentelemetry.instrumentation.x", "langfuse.openai"], 0)],
    ids=["alone", "around an instrumentor's"],
)
def test_langfuses_wrapper_is_no_instrumentor(
    bench: Bench, server: LLMServer, wrappers: list[str], counted: int
) -> None:
    """It tells of nothing where Langfuse is off: without a key, or with LANGFUSE_TRACING_ENABLED=false."""
    import wrapt

    completions = openai.resources.chat.completions.Completions
    original = completions.create
    for module in wrappers:

        def silent(wrapped: Any, _: object, args: Any, kwargs: Any) -> Any:
            return wrapped(*args, **kwargs)

        silent.__module__ = module
        wrapt.wrap_function_wrapper("openai.resources.chat.completions", "Completions.create", silent)
    try:
        runtime: Any = SimpleNamespace(tracers=bench.tracers, meters=bench.meters, loggers=bench.loggers)
        for choice in _instrumentors.choose(entry_points(group="opentelemetry_instrumentor"), {"openai": ""}):
            _instrumentors._start(choice, runtime)
        server.fault("none")
        client(server).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    finally:
        completions.create = original  # type: ignore[method-assign]
        own.uninstrument()
    assert bench.total("llm_requests") == counted


def test_a_library_that_another_instrumentor_wrapped_is_left_alone(bench: Bench, server: LLMServer) -> None:
    import wrapt

    seen: list[str] = []

    def foreign(wrapped: Any, _: object, args: Any, kwargs: Any) -> Any:
        seen.append("foreign")
        return wrapped(*args, **kwargs)

    completions = openai.resources.chat.completions.Completions
    original = completions.create
    wrapt.wrap_function_wrapper("openai.resources.chat.completions", "Completions.create", foreign)
    try:
        runtime: Any = SimpleNamespace(tracers=bench.tracers, meters=bench.meters, loggers=bench.loggers)
        for choice in _instrumentors.choose(entry_points(group="opentelemetry_instrumentor"), {"openai": ""}):
            _instrumentors._start(choice, runtime)
        server.fault("none")
        client(server).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    finally:
        completions.create = original  # type: ignore[method-assign]
    assert seen == ["foreign"]
    assert bench.points("llm_requests") == []
