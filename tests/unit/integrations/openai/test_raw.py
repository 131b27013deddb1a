"""Answers that the application reads as bytes, or parses later: the same span, and the same bytes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import openai

    from heliograph.testing import LLMServer

    from .conftest import Seen

CHAT: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What does a heliograph do?"}]}


def raw(client: openai.OpenAI) -> None:
    response = client.chat.completions.with_raw_response.create(**CHAT)
    assert response.parse().choices[0].message.content == json.loads(response.text)["choices"][0]["message"]["content"]


def raw_unparsed(client: openai.OpenAI) -> None:
    assert client.chat.completions.with_raw_response.create(**CHAT).http_response.status_code == 200


def raw_stream(client: openai.OpenAI) -> None:
    stream: Any = client.chat.completions.with_raw_response.create(**CHAT, stream=True).parse()
    assert all(chunk.choices for chunk in stream)


def raw_embeddings(client: openai.OpenAI) -> None:
    response = client.embeddings.with_raw_response.create(model="text-embedding-3-small", input="sun")
    assert len(response.parse().data[0].embedding) == 1536


def raw_response(client: openai.OpenAI) -> None:
    client.responses.with_raw_response.create(model="gpt-4o-mini", input="What is it?")


def streaming_json(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(**CHAT) as response:
        assert response.json()


def streaming_parse(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(**CHAT) as response:
        assert response.parse().choices


def streaming_bytes(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(**CHAT) as response:
        assert json.loads(b"".join(response.iter_bytes()))


def streaming_large(client: openai.OpenAI) -> None:
    many = ["sun"] * 80
    with client.embeddings.with_streaming_response.create(
        model="text-embedding-3-large", input=many, encoding_format="float"
    ) as response:
        assert len(b"".join(response.iter_bytes())) > 1_048_576


def streaming_responses(client: openai.OpenAI) -> None:
    with client.responses.with_streaming_response.create(
        model="gpt-4o-mini", input="What is it?", stream=True
    ) as response:
        assert list(response.iter_lines())


WAYS = [
    raw,
    raw_unparsed,
    raw_stream,
    raw_embeddings,
    raw_response,
    streaming_json,
    streaming_parse,
    streaming_bytes,
    streaming_large,
    streaming_responses,
]


@pytest.mark.parametrize("read", WAYS, ids=lambda way: way.__name__)
def test_tokens_are_those_of_the_bill(
    read: Callable[[openai.OpenAI], None], client: openai.OpenAI, seen: Seen, server: LLMServer
) -> None:
    read(client)
    told = seen.one
    usage = server.usage()[-1]["usage"]
    assert told["gen_ai.usage.input_tokens"] == usage["prompt_tokens"] > 0
    assert told.get("gen_ai.usage.output_tokens", 0) == usage["completion_tokens"]
    assert told["gen_ai.response.model"] == server.usage()[-1]["model"]
    assert "heliograph.call.status" not in told
    assert "heliograph.usage.estimated" not in told


@pytest.mark.parametrize("parsed", [False, True], ids=["as lines", "parsed"])
def test_a_stream_read_as_bytes_is_not_asked_for_usage(
    parsed: bool, client: openai.OpenAI, seen: Seen, server: LLMServer
) -> None:
    with client.chat.completions.with_streaming_response.create(**CHAT, stream=True) as response:
        assert len(list(response.parse() if parsed else response.iter_lines())) > 3
    assert "stream_options" not in server.requests()[-1].body
    assert seen.one["heliograph.usage.estimated"] is True
    assert seen.one["gen_ai.usage.output_tokens"] == server.usage()[-1]["usage"]["completion_tokens"]
    assert seen.one["gen_ai.response.finish_reasons"] == ("stop",)


def test_a_response_that_nobody_read_is_cancelled(client: openai.OpenAI, seen: Seen) -> None:
    with client.chat.completions.with_streaming_response.create(**CHAT):
        assert seen.spans == ()
    assert seen.one["heliograph.call.status"] == "cancelled"


def test_an_asynchronous_response_is_read_alike(seen: Seen, server: LLMServer, make_async: Any) -> None:
    async def run() -> None:
        async with make_async(server) as client:
            async with client.chat.completions.with_streaming_response.create(**CHAT) as response:
                assert await response.json()
            stream = (await client.chat.completions.with_raw_response.create(**CHAT, stream=True)).parse()
            assert all([chunk.choices async for chunk in stream])

    asyncio.run(run())
    bills = server.usage()[-2:]
    assert [dict(span.attributes or {})["gen_ai.usage.output_tokens"] for span in seen.spans] == [
        bill["usage"]["completion_tokens"] for bill in bills
    ]


def test_the_hooks_are_taken_away(client: openai.OpenAI, seen: Seen) -> None:
    with client.chat.completions.with_streaming_response.create(**CHAT) as response:
        hooked = vars(response.http_response)
        assert "close" in hooked
        response.read()
    assert not {"close", "iter_bytes"} & set(hooked)
    assert len(seen.spans) == 1
