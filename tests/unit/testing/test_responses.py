"""The responses interface, as the real client sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai
import pydantic
import pytest

if TYPE_CHECKING:
    from heliograph.testing import LLMServer

MODEL = "gpt-4o-mini"
TOOL: Any = {
    "type": "function",
    "name": "find_book",
    "description": "Find a book by its author",
    "parameters": {"type": "object", "properties": {"author": {"type": "string"}}, "required": ["author"]},
    "strict": True,
}


def test_text_and_usage(server: LLMServer, client: openai.OpenAI, passages: str, expected: str) -> None:
    response = client.responses.create(model=MODEL, instructions="Be brief.", input=passages)
    assert response.output_text == expected
    assert response.status == "completed"
    assert response.usage is not None
    record = server.usage()[-1]
    assert record["id"] == response.id
    assert record["usage"]["prompt_tokens"] == response.usage.input_tokens
    assert record["usage"]["completion_tokens"] == response.usage.output_tokens


def test_a_stream_ends_with_the_whole_response(client: openai.OpenAI, passages: str, expected: str) -> None:
    with client.responses.stream(model=MODEL, input=passages) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == expected
    assert final.output_text == expected
    assert final.usage is not None
    assert [e.sequence_number for e in events] == list(range(len(events)))


def test_a_tool_is_called_and_its_output_answered_from(client: openai.OpenAI) -> None:
    question: Any = {"role": "user", "content": "Which book has the author Le Guin?"}
    first = client.responses.create(model=MODEL, input=[question], tools=[TOOL])
    call: Any = first.output[0]
    assert (call.type, call.name) == ("function_call", "find_book")
    assert json.loads(call.arguments) == {"author": question["content"]}
    result: Any = {
        "type": "function_call_output",
        "call_id": call.call_id,
        "output": "The author Le Guin has a book, The Dispossessed.",
    }
    second = client.responses.create(model=MODEL, input=[question, call, result], tools=[TOOL])
    assert second.output_text == "The author Le Guin has a book, The Dispossessed."


def test_a_tool_call_may_be_streamed(client: openai.OpenAI) -> None:
    with client.responses.stream(model=MODEL, input="Which author has a book?", tools=[TOOL]) as stream:
        call: Any = stream.get_final_response().output[0]
    assert json.loads(call.arguments) == {"author": "Which author has a book?"}


class Fact(pydantic.BaseModel):
    fact: str
    certain: bool


def test_structured_output(client: openai.OpenAI, passages: str, expected: str) -> None:
    parsed = client.responses.parse(model=MODEL, input=passages, text_format=Fact).output_parsed
    assert parsed == Fact(fact=expected, certain=True)


def test_a_limit_makes_it_incomplete(client: openai.OpenAI, passages: str) -> None:
    response = client.responses.create(model=MODEL, input=passages, max_output_tokens=16)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("wrong", [{"input": []}, {"input": "x", "previous_response_id": "resp_1"}, {"input": 7}])
def test_wrong_requests_are_refused(client: openai.OpenAI, wrong: Any) -> None:
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model=MODEL, **wrong)
