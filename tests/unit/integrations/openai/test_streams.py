"""Every way a stream can end; and that the application sees what it would have seen."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import openai
import pytest

from heliograph.integrations.openai import _left
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import Seen

ASK: Any = [{"role": "user", "content": "The sun moves slowly over the long hill. What moves slowly over the hill?"}]


@pytest.fixture(scope="module")
def slow() -> Iterator[LLMServer]:
    """Take time to answer, so that a caller can leave in the middle."""
    with LLMServer(first_token=0, per_token=0.005) as running:
        yield running


@pytest.fixture(scope="module")
def slow_client(slow: LLMServer) -> openai.OpenAI:
    from .conftest import connect

    return connect(slow)


def started(client: openai.OpenAI, *, pieces: int = 4) -> Any:
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
    for _ in range(pieces):
        next(stream)
    return stream


def leave_by_close(client: openai.OpenAI) -> None:
    started(client).close()


def leave_by_with(client: openai.OpenAI) -> None:
    with started(client):
        pass


def leave_by_break(client: openai.OpenAI) -> None:
    for i, _ in enumerate(client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)):
        if i == 3:
            break


def leave_by_break_and_keep_the_stream(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
    for i, _ in enumerate(stream):
        if i == 3:
            break
    kept.append(stream)


def leave_by_exception(client: openai.OpenAI) -> None:
    try:
        for i, _ in enumerate(client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)):
            if i == 3:
                raise ValueError  # noqa: TRY301 - in the body of the loop
    except ValueError:
        pass


def leave_by_forgetting(client: openai.OpenAI) -> None:
    stream = started(client)
    del stream
    gc.collect()


def leave_by_forgetting_a_generator(client: openai.OpenAI) -> None:
    def application() -> Iterator[Any]:
        yield from client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)

    generator = application()
    for _ in range(4):
        next(generator)
    del generator
    gc.collect()


def leave_the_helper(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="gpt-4o-mini", messages=ASK) as stream:
        for event in stream:
            if event.type == "content.delta" and event.delta:
                break


def leave_the_raw_stream(client: openai.OpenAI) -> None:
    stream: Any = client.chat.completions.with_raw_response.create(
        model="gpt-4o-mini", messages=ASK, stream=True
    ).parse()
    for _ in range(4):
        next(stream)
    stream.close()


kept: list[Any] = []
WAYS = [
    leave_by_close,
    leave_by_with,
    leave_by_break,
    leave_by_break_and_keep_the_stream,
    leave_by_exception,
    leave_by_forgetting,
    leave_by_forgetting_a_generator,
    leave_the_helper,
    leave_the_raw_stream,
]


@pytest.mark.parametrize("leave", WAYS, ids=lambda way: way.__name__)
def test_a_stream_that_is_left_is_cancelled_and_estimated(
    leave: Callable[[openai.OpenAI], None], seen: Seen, slow_client: openai.OpenAI
) -> None:
    leave(slow_client)
    _left.settle()
    (span,) = seen.spans  # exactly one, and it has ended
    told = seen.one
    assert told["heliograph.call.status"] == "cancelled"
    assert span.status.status_code.name == "UNSET"
    assert "error.type" not in told
    assert told["heliograph.usage.estimated"] is True
    assert 15 <= told["gen_ai.usage.input_tokens"] <= 30  # 22 to the server
    assert 1 <= told["gen_ai.usage.output_tokens"] <= 4
    assert told["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"
    for stream in kept:
        stream.close()
    kept.clear()
    gc.collect()
    assert len(seen.spans) == 1


def test_a_stream_that_is_left_and_kept_is_given_up_after_a_while(
    seen: Seen, slow_client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_left, "PATIENCE", 0.3)
    leave_by_break_and_keep_the_stream(slow_client)
    at = time.time_ns()
    deadline = time.monotonic() + 5
    while len(seen.spans) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen.one["heliograph.call.status"] == "cancelled"
    assert all((span.end_time or 0) <= at for span in seen.spans), "it ended when the loop was left"
    kept.clear()


def peek(stream: Any) -> None:
    next(iter(stream))


def read_in_two_loops(stream: Any) -> None:
    for _ in stream:
        break


@pytest.mark.parametrize("begin", [peek, read_in_two_loops])
def test_a_stream_that_is_read_on_after_a_loop_was_left_is_complete(
    begin: Callable[[Any], None], seen: Seen, slow_client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_left, "PATIENCE", 0.2)
    stream = slow_client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
    begin(stream)
    assert list(stream)
    assert "heliograph.call.status" not in seen.one
    assert "heliograph.usage.estimated" not in seen.one


@pytest.mark.parametrize("pause", [None, 0.003])
def test_an_asynchronous_stream_may_be_read_in_a_loop_per_chunk(
    seen: Seen, slow: LLMServer, make_async: Any, pause: float | None
) -> None:
    """As LiteLLM does: the event loop closes each generator some time after it was left."""

    async def one_more(stream: Any) -> Any:
        async for chunk in stream:
            return chunk
        return None

    async def run() -> None:
        async with make_async(slow) as client:
            stream = await client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
            while await one_more(stream) is not None:
                if pause is not None:
                    await asyncio.sleep(pause)

    asyncio.run(run())
    assert "heliograph.call.status" not in seen.one
    assert "heliograph.usage.estimated" not in seen.one
    assert seen.one["gen_ai.usage.output_tokens"] > 4


async def leave_async_by_break(client: openai.AsyncOpenAI) -> None:
    async for _ in await client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True):
        break
    await asyncio.sleep(0)


async def leave_async_by_close(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
    await stream.__anext__()
    await stream.close()


async def leave_async_by_with(client: openai.AsyncOpenAI) -> None:
    async with await client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True) as stream:
        await stream.__anext__()


async def leave_async_by_cancellation(client: openai.AsyncOpenAI) -> None:
    async def read() -> None:
        async for _ in await client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True):
            reading.set()

    reading = asyncio.Event()
    task = asyncio.create_task(read())
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def leave_async_helper(client: openai.AsyncOpenAI) -> None:
    async with client.chat.completions.stream(model="gpt-4o-mini", messages=ASK) as stream:
        async for _ in stream:
            break


ASYNC_WAYS = [
    leave_async_by_break,
    leave_async_by_close,
    leave_async_by_with,
    leave_async_by_cancellation,
    leave_async_helper,
]


@pytest.mark.parametrize("leave", ASYNC_WAYS, ids=lambda way: way.__name__)
def test_an_asynchronous_stream_that_is_left_is_cancelled(
    leave: Any, seen: Seen, slow: LLMServer, make_async: Any
) -> None:
    async def run() -> None:
        async with make_async(slow) as client:
            await leave(client)

    asyncio.run(run())
    assert seen.one["heliograph.call.status"] == "cancelled"
    assert seen.one["heliograph.usage.estimated"] is True
    assert "error.type" not in seen.one


def test_a_cancelled_request_is_cancelled_and_not_estimated(seen: Seen, server: LLMServer, make_async: Any) -> None:
    server.fault("slow", delay=5)

    async def run() -> None:
        async with make_async(server) as client:
            task = asyncio.create_task(client.chat.completions.create(model="gpt-4o-mini", messages=ASK))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert seen.one["heliograph.call.status"] == "cancelled"
    assert "gen_ai.usage.input_tokens" not in seen.one


def test_a_stream_closed_by_another_thread_is_cancelled(seen: Seen, slow_client: openai.OpenAI) -> None:
    stream = started(slow_client)
    closer = threading.Thread(target=stream.close)
    closer.start()
    closer.join()
    assert seen.one["heliograph.call.status"] == "cancelled"


def test_a_stream_that_breaks_off_is_an_error_with_an_estimate(
    client: openai.OpenAI, seen: Seen, server: LLMServer
) -> None:
    server.fault("cut")
    with pytest.raises(Exception):  # noqa: B017, PT011 - the client's own error in 3, the transport's in 2
        list(client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True))
    assert seen.one["error.type"] in {"APIConnectionError", "RemoteProtocolError"}
    assert seen.one["heliograph.usage.estimated"] is True
    assert seen.one["gen_ai.usage.output_tokens"] >= 1


def test_a_stream_left_after_its_last_word_is_complete(client: openai.OpenAI, seen: Seen) -> None:
    for chunk in client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True):
        if chunk.choices[0].finish_reason:
            break
    _left.settle()
    assert "heliograph.call.status" not in seen.one
    assert seen.one["gen_ai.response.finish_reasons"] == ("stop",)
    assert seen.one["heliograph.usage.estimated"] is True


def test_a_stream_that_nobody_read_lasts_until_it_is_forgotten(client: openai.OpenAI, seen: Seen) -> None:
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True)
    assert seen.spans == ()
    del stream
    gc.collect()
    assert seen.one["heliograph.call.status"] == "cancelled"


def test_a_forgotten_stream_ended_with_its_last_chunk(seen: Seen, slow_client: openai.OpenAI) -> None:
    stream = started(slow_client)
    came = time.time_ns()
    time.sleep(0.05)
    del stream
    gc.collect()
    (span,) = seen.spans
    assert (span.end_time or 0) <= came


def dumped(stream: Any) -> list[dict[str, Any]]:
    """Give what an application can see of the chunks, but for what differs from run to run."""
    chunks = [chunk.to_dict() for chunk in stream]
    for chunk in chunks:
        for name in ("id", "created"):
            assert chunk.pop(name)
        for choice in chunk["choices"]:
            for call in choice["delta"].get("tool_calls") or ():
                call.pop("id", None)
    return chunks


TOOLS: Any = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"n": 2},
        {"tools": TOOLS, "tool_choice": "required"},
        {"stream_options": {"include_usage": True}},
        {"stream_options": {"include_usage": False}},
    ],
    ids=["plain", "two choices", "tool", "usage asked for", "usage refused"],
)
def test_the_application_sees_the_same_chunks(more: Any, sync_client: openai.OpenAI, server: LLMServer) -> None:
    from heliograph.integrations import openai as own

    from .conftest import Seen

    server.fault("none")

    def ask() -> Any:
        return sync_client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True, **more)

    before = dumped(ask())
    instrumented = Seen()
    instrumented.instrument()
    try:
        stream = ask()
        assert isinstance(stream, openai.Stream)
        assert stream.response.status_code == 200
        after = dumped(stream)
    finally:
        own.uninstrument()
    assert after == before
    assert len(instrumented.spans) == 1


OPTIONS = [
    ("on request", {}, {"include_usage": True}, False),
    ("on request", {"stream_options": {"include_usage": False}}, {"include_usage": False}, True),
    ("on request", {"extra_body": {"stream_options": {"include_usage": False}}}, {"include_usage": False}, True),
    ("ignored", {}, {"include_usage": True}, True),
    ("always", {}, {"include_usage": True}, False),
    ("refused", {}, None, True),
]


@pytest.mark.parametrize(("endpoint", "more", "sent", "estimated"), OPTIONS, ids=[f"{o[0]} {o[2]}" for o in OPTIONS])
def test_usage_is_asked_for_where_it_can_be(  # noqa: PLR0917
    endpoint: Any, more: Any, sent: Any, estimated: bool, seen: Seen, make_client: Any
) -> None:
    with LLMServer(first_token=0, per_token=0, stream_usage=endpoint) as other:
        client = make_client(other)
        for _ in range(2):
            chunks = list(client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True, **more))
            assert all(chunk.choices for chunk in chunks)
        assert other.requests()[-1].body.get("stream_options") == sent
        # A refusal is answered by asking once more, and remembered: three requests for two calls.
        assert len(other.requests()) == (3 if endpoint == "refused" else 2)
        usage = other.usage()[-1]["usage"]
    assert len(seen.spans) == 2
    for span in seen.spans:
        told = dict(span.attributes or {})
        assert span.status.status_code.name == "UNSET"
        assert told.get("heliograph.usage.estimated", False) is estimated
        assert told["gen_ai.usage.output_tokens"] == usage["completion_tokens"]  # estimates: a token a chunk
        assert told["gen_ai.usage.input_tokens"] == pytest.approx(usage["prompt_tokens"], rel=0.2)


def test_another_refusal_is_the_callers(seen: Seen, make_client: Any) -> None:
    with LLMServer() as other:
        with pytest.raises(openai.BadRequestError):
            make_client(other).chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True, temperature=9)
        assert len(other.requests()) == 1
    assert seen.one["error.type"] == "BadRequestError"


def test_kept_text_is_bounded_and_the_rest_counted(seen: Seen) -> None:
    from heliograph.integrations.openai._chunks import MOST_KEPT, CompletionChunks
    from heliograph.integrations.openai._raw import _fields

    del seen
    chunks = CompletionChunks()
    piece: Any = _fields({"content": " word" * 100})
    chunk: Any = _fields({"choices": [_fields({"index": 0, "delta": piece})]})
    for _ in range(1000):
        assert chunks.take(chunk) is False
    assert sum(map(len, chunks.texts())) <= MOST_KEPT + 500
    assert chunks.estimate() == pytest.approx(100_000, rel=0.05)
