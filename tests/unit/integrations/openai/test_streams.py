"""The application sees of a stream what it would have seen; its usage is asked for where that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from .conftest import Seen


ASK: Any = [{"role": "user", "content": "The sun moves slowly over the long hill. What moves slowly over the hill?"}]


def test_a_stream_that_breaks_off_is_an_error_with_an_estimate(
    client: openai.OpenAI, seen: Seen, server: LLMServer
) -> None:
    server.fault("cut")
    with pytest.raises(Exception):  # noqa: B017, PT011 - the client's own error in 3, the transport's in 2
        list(client.chat.completions.create(model="gpt-4o-mini", messages=ASK, stream=True))
    assert seen.one["error.type"] in {"APIConnectionError", "RemoteProtocolError"}
    assert seen.one["heliograph.usage.estimated"] is True
    assert seen.one["gen_ai.usage.output_tokens"] >= 1


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
