"""Whether a query makes the very same request again: what makes it the same one, and how the query hears of it."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any

import pytest

import heliograph
from heliograph.integrations.openai._same import asked, hash_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai

    from heliograph.genai import QueryRun

    from .conftest import Seen


def said(*texts: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text} for text in texts]


def with_image(url: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": url}}]}
    ]


CHAT: dict[str, Any] = {"model": "m", "messages": said("one", "two")}
RESPONSE: dict[str, Any] = {"model": "m", "input": "one"}

# name -> kind of call, a request, another one, whether they are the same
PAIRS: dict[str, tuple[Any, dict[str, Any], dict[str, Any], bool]] = {
    "equal": ("chat", CHAT, copy.deepcopy(CHAT), True),
    "other sampling": ("chat", CHAT, {**CHAT, "temperature": 1.5, "seed": 3}, True),
    "a stream": ("chat", CHAT, {**CHAT, "stream": True}, True),
    "another model": ("chat", CHAT, {**CHAT, "model": "n"}, False),
    "another text": ("chat", CHAT, {**CHAT, "messages": said("one", "three")}, False),
    "another order": ("chat", CHAT, {**CHAT, "messages": said("two", "one")}, False),
    "one more message": ("chat", CHAT, {**CHAT, "messages": said("one", "two", "two")}, False),
    "texts cut elsewhere": ("chat", {"messages": said("ab", "c")}, {"messages": said("a", "bc")}, False),
    "another role": ("chat", CHAT, {**CHAT, "messages": [*said("one"), {"role": "system", "content": "two"}]}, False),
    "the same image": ("chat", {"messages": with_image("data:a")}, {"messages": with_image("data:a")}, True),
    "another image": ("chat", {"messages": with_image("data:a")}, {"messages": with_image("data:b")}, False),
    "another way": ("text", {"model": "m", "prompt": "one"}, {"model": "m", "prompt": "two"}, False),
    "tokens": ("embeddings", {"input": [1, 2, 3]}, {"input": [1, 2, 3]}, True),
    "other tokens": ("embeddings", {"input": [1, 2, 3]}, {"input": [1, 2, 4]}, False),
    "lists of tokens": ("embeddings", {"input": [[1], [2]]}, {"input": [[1], [3]]}, False),
    "texts to embed": ("embeddings", {"input": ["a", "b"]}, {"input": ["a", "b"]}, True),
    "a response": ("responses", RESPONSE, dict(RESPONSE), True),
    "other instructions": ("responses", RESPONSE, {**RESPONSE, "instructions": "Be brief."}, False),
    "a continued one": ("responses", RESPONSE, {**RESPONSE, "previous_response_id": "resp_1"}, False),
    "another conversation": ("responses", RESPONSE, {**RESPONSE, "conversation": {"id": "c"}}, False),
}


@pytest.mark.parametrize(("kind", "one", "other", "same"), PAIRS.values(), ids=PAIRS)
def test_model_and_texts_make_a_request_the_same(
    kind: Any, one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    hashes = [hash_of(asked(kind, body)) for body in (one, other)]
    assert None not in hashes
    assert (hashes[0] == hashes[1]) is same


def _deep() -> Any:
    nested: Any = "end"
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize("content", [{1, 2}, bytearray(b"x"), _deep()], ids=["a set", "bytes", "without end"])
def test_what_has_no_hash_is_not_known(content: Any) -> None:
    assert hash_of(asked("chat", {"messages": [{"role": "user", "content": content}]})) is None


def test_messages_that_the_caller_adds_meanwhile_do_not_belong_to_the_request() -> None:
    messages = said("one")
    sent = asked("chat", {"model": "m", "messages": messages})
    messages.append({"role": "assistant", "content": "answer"})
    assert hash_of(sent) == hash_of(asked("chat", {"model": "m", "messages": said("one")}))


@pytest.fixture
def query() -> Iterator[QueryRun]:
    with heliograph.query() as run:
        yield run


def ended(query: QueryRun, seen: Seen) -> list[int | None]:
    """Have the calls counted as they ended, which no meter does here."""
    return [query.requests.ended(span.context.span_id) for span in seen.spans if span.context is not None]


def ask(client: openai.OpenAI, text: str, **options: Any) -> Any:
    messages: Any = said(text)
    return client.chat.completions.create(model="gpt-4o-mini", messages=messages, **options)


def test_the_query_hears_of_every_kind_of_call(client: openai.OpenAI, query: QueryRun, seen: Seen) -> None:
    for _ in range(2):
        ask(client, "one")
        list(ask(client, "one", stream=True))
        ask(client, "two")
        client.embeddings.create(model="text-embedding-3-small", input="one")
        client.responses.create(model="gpt-4o-mini", input="one")
    # chat, the same streamed, another text, embedding, response
    assert ended(query, seen) == [1, 2, 1, 1, 1, 3, 4, 2, 2, 2]
    assert query.requests.highest == 4


def test_an_asynchronous_call_is_heard_of(make_async: Any, server: Any, query: QueryRun, seen: Seen) -> None:
    async def calls() -> None:
        async with make_async(server) as client:
            for _ in range(2):
                await ask(client, "one")

    asyncio.run(calls())
    assert ended(query, seen) == [1, 2]


def test_a_conversation_that_grows_is_another_request_each_time(
    client: openai.OpenAI, query: QueryRun, seen: Seen
) -> None:
    messages: list[Any] = said("one")
    for _ in range(3):
        done = client.chat.completions.create(model="gpt-4o-mini", messages=messages)
        messages += [done.choices[0].message, *said("and then?")]
    assert ended(query, seen) == [1, 1, 1]


def test_a_call_that_fails_was_made_all_the_same(
    client: openai.OpenAI, server: Any, query: QueryRun, seen: Seen
) -> None:
    import openai

    server.fault("500")
    with pytest.raises(openai.InternalServerError):
        ask(client, "one")
    server.fault("none")
    ask(client, "one")
    assert ended(query, seen) == [1, 2]


def test_outside_of_a_query_nobody_is_told(client: openai.OpenAI, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heliograph.integrations.openai._same.asked", lambda *_: pytest.fail("read for nobody"))
    ask(client, "one")
    assert len(seen.spans) == 1


def test_nothing_of_it_is_on_the_span(client: openai.OpenAI, query: QueryRun, seen: Seen) -> None:
    ask(client, "one")
    (request,) = query.requests._open.values()
    assert str(request()) not in str(seen.one.values())
    assert not [name for name in seen.one if "identical" in name or "hash" in name]
