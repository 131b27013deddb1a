"""Every way a stream can be left: it is counted once, as cancelled or as complete, with an estimate."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.integrations.openai import _left
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import openai

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
