"""Each API, sync and async, streamed and not: the span, and its tokens as the server bills them."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import openai
import pydantic
import pytest

from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from .conftest import Seen

ASK: Any = [{"role": "user", "content": "What does a heliograph do?"}]
LONG: Any = [{"role": "user", "content": "The sun moves over the hill. " * 200 + "What moves?"}]
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "find_weather",
            "description": "Find the weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


class Weather(pydantic.BaseModel):
    city: str


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    arguments: dict[str, Any]
    expected: dict[str, Any] = field(default_factory=dict)
    reads: str = ""
    """How the result is read: "" not at all, "loop", or the name of a method of the stream helper."""


CHAT = {"model": "gpt-4o-mini", "messages": ASK}
CASES = [
    Case("chat", "chat.completions.create", CHAT, {"gen_ai.response.finish_reasons": ("stop",)}),
    Case(
        "chat with parameters",
        "chat.completions.create",
        {
            **CHAT,
            "temperature": 0,
            "top_p": 0.5,
            "max_tokens": 100,
            "seed": 7,
            "stop": ["zzz", "yyy"],
            "presence_penalty": 0.1,
            "frequency_penalty": 0.2,
            "n": 2,
            "service_tier": "flex",
        },
        {
            "gen_ai.request.temperature": 0.0,
            "gen_ai.request.top_p": 0.5,
            "gen_ai.request.max_tokens": 100,
            "gen_ai.request.seed": 7,
            "gen_ai.request.stop_sequences": ("zzz", "yyy"),
            "gen_ai.request.presence_penalty": 0.1,
            "gen_ai.request.frequency_penalty": 0.2,
            "gen_ai.request.choice.count": 2,
            "openai.request.service_tier": "flex",
            "openai.response.service_tier": "default",
            "gen_ai.response.finish_reasons": ("stop", "stop"),
        },
    ),
    Case("chat cut by its limit", "chat.completions.create", {**CHAT, "max_tokens": 2}, {
        "gen_ai.response.finish_reasons": ("length",)
    }),
    Case("chat, cached", "chat.completions.create", {**CHAT, "messages": LONG}),
    Case("chat that reasons", "chat.completions.create", {**CHAT, "model": "gpt-5"}, {
        "gen_ai.usage.reasoning.output_tokens": 192
    }),
    Case("chat that calls a tool", "chat.completions.create", {**CHAT, "tools": TOOLS, "tool_choice": "required"}, {
        "gen_ai.response.finish_reasons": ("tool_calls",)
    }),
    Case("chat parsed", "chat.completions.parse", {**CHAT, "response_format": Weather}, {"gen_ai.output.type": "json"}),
    Case("chat streamed", "chat.completions.create", {**CHAT, "stream": True}, {
        "gen_ai.request.stream": True, "gen_ai.response.finish_reasons": ("stop",)
    }, "loop"),
    Case("chat streamed, usage asked for", "chat.completions.create", {
        **CHAT, "stream": True, "stream_options": {"include_usage": True}
    }, {}, "loop"),
    Case("chat streamed in two choices", "chat.completions.create", {**CHAT, "stream": True, "n": 2}, {
        "gen_ai.response.finish_reasons": ("stop", "stop")
    }, "loop"),
    Case("chat streamed with a tool", "chat.completions.create", {
        **CHAT, "stream": True, "tools": TOOLS, "tool_choice": "required"
    }, {"gen_ai.response.finish_reasons": ("tool_calls",)}, "loop"),
    Case("chat helper", "chat.completions.stream", CHAT, {}, "get_final_completion"),
    Case("responses", "responses.create", {"model": "gpt-4o-mini", "input": "What is it?", "max_output_tokens": 64}, {
        "gen_ai.request.max_tokens": 64, "openai.api.type": "responses", "gen_ai.response.finish_reasons": ("stop",)
    }),
    Case("responses that reason", "responses.create", {"model": "gpt-5", "input": "What is it?"}, {
        "gen_ai.usage.reasoning.output_tokens": 192
    }),
    Case("responses parsed", "responses.parse", {
        "model": "gpt-4o-mini", "input": "What is it?", "text_format": Weather
    }, {"gen_ai.output.type": "json"}),
    Case("responses streamed", "responses.create", {
        "model": "gpt-4o-mini", "input": "What is it?", "stream": True
    }, {"gen_ai.request.stream": True}, "loop"),
    Case("responses helper", "responses.stream", {"model": "gpt-4o-mini", "input": "What?"}, {}, "get_final_response"),
    Case("embeddings", "embeddings.create", {
        "model": "text-embedding-3-small", "input": ["sun", "moon"], "dimensions": 64, "encoding_format": "float"
    }, {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.embeddings.dimension.count": 64,
        "gen_ai.request.encoding_formats": ("float",),
    }),
]  # fmt: skip


def billed(server: LLMServer, attributes: dict[str, Any]) -> None:
    """Assert that the span has the tokens of the server's newest bill, each of them."""
    bill = server.usage()[-1]
    usage = bill["usage"]
    assert attributes["gen_ai.usage.input_tokens"] == usage["prompt_tokens"] > 0
    assert attributes.get("gen_ai.usage.output_tokens", 0) == usage["completion_tokens"]
    assert attributes.get("gen_ai.usage.cache_read.input_tokens", 0) == usage["cached_tokens"]
    assert attributes.get("gen_ai.usage.reasoning.output_tokens", 0) == usage["reasoning_tokens"]
    assert attributes["gen_ai.response.model"] == bill["model"]
    assert attributes.get("gen_ai.response.id", bill["id"]) == bill["id"]
    assert "heliograph.usage.estimated" not in attributes


def check(case: Case, seen: Seen, server: LLMServer) -> None:
    (span,) = seen.spans
    attributes = dict(span.attributes or {})
    assert span.name == f"{attributes['gen_ai.operation.name']} {case.arguments['model']}"
    assert span.kind.name == "CLIENT"
    assert span.status.status_code.name == "UNSET"
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "heliograph.openai"
    always = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": case.arguments["model"],
        "server.address": server.host,
        "server.port": server.port,
    }
    assert {**always, **case.expected}.items() <= attributes.items()
    billed(server, attributes)
    assert ("gen_ai.response.time_to_first_chunk" in attributes) == bool(case.reads)
    assert not [name for name in attributes if "messages" in name or "tool.definitions" in name]  # no content unasked


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_call_is_told_as_it_was_billed(case: Case, client: openai.OpenAI, seen: Seen, server: LLMServer) -> None:
    call: Any = client
    for name in case.path.split("."):
        call = getattr(call, name)
    result = call(**case.arguments)
    if case.reads == "loop":
        assert len(list(result)) > 2
    elif case.reads:
        with result as stream:
            getattr(stream, case.reads)()
    check(case, seen, server)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_asynchronous_call_is_told_alike(case: Case, seen: Seen, server: LLMServer, make_async: Any) -> None:
    async def run() -> None:
        async with make_async(server) as asynchronous:
            call: Any = asynchronous
            for name in case.path.split("."):
                call = getattr(call, name)
            result = call(**case.arguments)
            if inspect.isawaitable(result):
                result = await result
            if case.reads == "loop":
                assert len([chunk async for chunk in result]) > 2
            elif case.reads:
                async with result as stream:
                    await getattr(stream, case.reads)()

    asyncio.run(run())
    check(case, seen, server)


ERRORS = [
    ("401", {}, "AuthenticationError", "401 invalid_api_key"),
    ("429", {}, "RateLimitError", "429 rate_limit_exceeded"),
    ("500", {}, "InternalServerError", "500"),
    ("garbage", {}, "JSONDecodeError", "JSONDecodeError"),
    ("none", {"temperature": 9}, "BadRequestError", "400"),
]


# A body that is no stream is an empty stream to the client, and no error.
STREAM_ERRORS = [each for each in ERRORS if each[0] != "garbage"]


@pytest.mark.parametrize(
    ("fault", "more", "kind", "description", "stream"),
    [
        pytest.param(*each, stream, id=f"{'stream' if stream else 'whole'}-{each[2]}")
        for stream, errors in ((False, ERRORS), (True, STREAM_ERRORS))
        for each in errors
    ],
)
def test_an_error_is_named_by_its_class_alone(  # noqa: PLR0917
    fault: str, more: Any, kind: str, description: str, stream: bool, client: openai.OpenAI, seen: Seen, server: Any
) -> None:
    server.fault(fault)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - of several classes; the name is what is tested
        client.chat.completions.create(**CHAT, **more, stream=stream)
    assert type(raised.value).__name__ == kind
    (span,) = seen.spans
    assert span.status.status_code.name == "ERROR"
    assert (span.status.description or "").startswith(description)
    assert seen.one["error.type"] == kind
    assert "gen_ai.usage.input_tokens" not in seen.one
    assert "heliograph.call.status" not in seen.one


def test_an_answer_that_cannot_be_parsed_is_an_error_with_its_tokens(client: openai.OpenAI, seen: Seen) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(**CHAT, response_format=Weather, max_tokens=2)
    assert seen.one["error.type"] == "LengthFinishReasonError"
    assert seen.one["gen_ai.usage.output_tokens"] == 2


def test_retries_are_within_one_span(seen: Seen, make_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with LLMServer() as other:
        other.fault("500")
        with pytest.raises(openai.InternalServerError):
            make_client(other, max_retries=2).chat.completions.create(**CHAT)
        assert len(other.requests()) == 3
    assert len(seen.spans) == 1


def test_other_requests_are_no_calls(client: openai.OpenAI, seen: Seen) -> None:
    client.models.list()
    assert seen.spans == ()


def test_legacy_completions(client: openai.OpenAI, seen: Seen) -> None:
    """The double does not speak this part of the API: what matters is the path and the fields."""
    from heliograph.integrations.openai._apis import APIS, starting_attributes
    from heliograph.integrations.openai._chunks import CompletionChunks
    from heliograph.integrations.openai._endpoint import endpoint_of

    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="gpt-3.5-turbo-instruct", prompt="The sun", max_tokens=3)
    assert seen.one["gen_ai.operation.name"] == "text_completion"
    body = {"model": "m", "prompt": "The sun", "stop": ["."]}
    told = starting_attributes(APIS["/completions"], body, endpoint_of(client), "m", stream=True)
    assert told["gen_ai.request.stop_sequences"] == ["."]
    chunks = CompletionChunks(hides=True)
    for text, reason in ((" rises", None), ("", "stop")):
        choice: Any = {"index": 0, "text": text, "finish_reason": reason, "logprobs": None}
        chunk = (
            openai.types.Completion.model_validate(
                {"id": "c", "object": "text_completion", "created": 1, "model": "m-1", "choices": [choice]}
            )
            if reason
            else openai.types.Completion.model_construct(
                id="c", model="m-1", choices=[openai.types.CompletionChoice.model_construct(**choice)], usage=None
            )
        )
        assert not chunks.take(chunk)
    usage = openai.types.CompletionUsage(prompt_tokens=2, completion_tokens=1, total_tokens=3)
    last = openai.types.Completion(id="c", object="text_completion", created=1, model="m-1", choices=[], usage=usage)
    assert chunks.take(last)
    assert chunks.texts() == [" rises"]
    assert {"gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.output_tokens": 1}.items() <= (
        chunks.attributes().items()
    )
