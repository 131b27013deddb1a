"""Chat completions, as the real client sees them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pydantic
import pytest

from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Callable

    import openai

MODEL = "gpt-4o-mini"


def ask(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_an_answer_quotes_the_passages_that_fit_and_says_which(
    client: openai.OpenAI, passages: str, expected: str
) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=ask(passages))
    assert completion.choices[0].message.content == expected
    assert completion.choices[0].finish_reason == "stop"
    assert completion.id.startswith("chatcmpl-")


@pytest.mark.parametrize(
    ("requested", "answered"),
    [
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"),
        ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
        ("llama-3.3-70b", "llama-3.3-70b"),
    ],
)
def test_the_model_is_answered_by_its_dated_name(client: openai.OpenAI, requested: str, answered: str) -> None:
    assert client.chat.completions.create(model=requested, messages=ask("Hello?")).model == answered


def test_passages_may_stand_below_the_instructions(client: openai.OpenAI, passages: str, expected: str) -> None:
    above, _, question = passages.partition("Question: ")
    messages: list[Any] = [
        {"role": "system", "content": "How to answer about tables: briefly.\n" + above},
        *ask(question),
    ]
    completion = client.chat.completions.create(model=MODEL, messages=messages)
    assert completion.choices[0].message.content == expected


def test_the_same_prompt_has_the_same_answer_and_another_id(client: openai.OpenAI, passages: str) -> None:
    first, second = (client.chat.completions.create(model=MODEL, messages=ask(passages)) for _ in range(2))
    assert first.choices == second.choices
    assert first.usage == second.usage
    assert first.id != second.id


def test_a_stream_brings_the_same_text_piece_by_piece(client: openai.OpenAI, passages: str, expected: str) -> None:
    chunks = list(client.chat.completions.create(model=MODEL, messages=ask(passages), stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == expected
    assert len(chunks) > 10
    assert {c.id for c in chunks} == {chunks[0].id}
    assert [c.choices[0].finish_reason for c in chunks][-1] == "stop"
    assert all(c.usage is None for c in chunks)


def test_a_stream_tells_its_usage_when_asked(client: openai.OpenAI, passages: str) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=ask(passages))
    *others, last = client.chat.completions.create(
        model=MODEL, messages=ask(passages), stream=True, stream_options={"include_usage": True}
    )
    assert last.choices == []
    assert last.usage == whole.usage
    assert all(c.usage is None for c in others)


def test_max_tokens_ends_an_answer_early(client: openai.OpenAI, passages: str) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=ask(passages), max_completion_tokens=5)
    assert completion.choices[0].finish_reason == "length"
    assert completion.choices[0].message.content == "Rich draws tables on the"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 5


def test_a_stop_word_ends_an_answer_before_it(client: openai.OpenAI, passages: str) -> None:
    completion = client.chat.completions.create(model=MODEL, messages=ask(passages), stop=" on the")
    assert completion.choices[0].message.content == "Rich draws tables"


def test_several_choices_are_all_billed(client: openai.OpenAI, passages: str) -> None:
    one = client.chat.completions.create(model=MODEL, messages=ask(passages))
    three = client.chat.completions.create(model=MODEL, messages=ask(passages), n=3)
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert one.usage is not None
    assert three.usage is not None
    assert three.usage.completion_tokens == 3 * one.usage.completion_tokens
    streamed = list(client.chat.completions.create(model=MODEL, messages=ask(passages), n=3, stream=True))
    assert {chunk.choices[0].index for chunk in streamed} == {0, 1, 2}


WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "enum": ["Paris", "Rome"]},
                "days": {"type": "integer", "maximum": 7},
            },
            "required": ["city", "days"],
        },
    },
}


def test_a_tool_that_fits_the_question_is_called_with_arguments_of_its_schema(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(
        model=MODEL, messages=ask("What is the weather in Rome for 12 days?"), tools=[WEATHER]
    )
    choice = completion.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert choice.message.tool_calls is not None
    call: Any = choice.message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Rome", "days": 7}


def test_a_streamed_tool_call_adds_up_to_the_same(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=ask("What is the weather in Rome for 3 days?"), tools=[WEATHER], stream=True
        )
    )
    calls = [call for c in chunks for call in c.choices[0].delta.tool_calls or []]
    assert calls[0].function is not None
    assert calls[0].function.name == "get_weather"
    arguments = "".join(call.function.arguments or "" for call in calls if call.function)
    assert json.loads(arguments) == {"city": "Rome", "days": 3}


def test_what_a_tool_said_is_answered_from(client: openai.OpenAI) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "What is the weather in Rome?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "The weather in Rome is sunny with 21 degrees."},
    ]
    completion = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert completion.choices[0].message.content == "The weather in Rome is sunny with 21 degrees."


@pytest.mark.parametrize(
    ("question", "choice", "called"),
    [
        ("What is the weather in Rome?", "none", False),
        ("Who wrote this book?", "auto", False),
        ("Who wrote this book?", "required", True),
        ("Who wrote this book?", {"type": "function", "function": {"name": "get_weather"}}, True),
    ],
)
def test_tool_choice_decides(client: openai.OpenAI, question: str, choice: Any, called: bool) -> None:
    completion = client.chat.completions.create(
        model=MODEL, messages=ask(question), tools=[WEATHER], tool_choice=choice
    )
    assert (completion.choices[0].message.tool_calls is not None) == called


FORECAST: Any = {"type": "function", "function": {"name": "forecast", "description": "The weather of next week"}}


def run_tools(client: openai.OpenAI, question: str, tools: list[Any], *, most: int, **options: Any) -> list[str]:
    """Call what is asked for until there is an answer; return the names, and "" for the answer."""
    messages: list[Any] = ask(question)
    called: list[str] = []
    while len(called) < most:
        message = (
            client.chat.completions.create(model=MODEL, messages=messages, tools=tools, **options).choices[0].message
        )
        if not message.tool_calls:
            return [*called, ""]
        call: Any = message.tool_calls[0]
        called.append(call.function.name)
        messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "It will be sunny in Rome."}]
    return called


def test_each_tool_that_fits_is_called_once_the_best_one_first(client: openai.OpenAI) -> None:
    tools = [FORECAST, WEATHER]
    assert run_tools(client, "What is the weather of a city?", tools, most=5) == ["get_weather", "forecast", ""]
    assert run_tools(client, "What comes next?", tools, most=5) == ["forecast", ""]


def test_a_question_after_an_answer_may_call_its_tools_again(client: openai.OpenAI) -> None:
    messages: list[Any] = [
        *ask("What is the weather in Rome?"),
        {"role": "assistant", "content": None, "tool_calls": [_call("get_weather")]},
        {"role": "tool", "tool_call_id": "call_1", "content": "It is sunny in Rome."},
        {"role": "assistant", "content": "It is sunny in Rome."},
        *ask("And the weather in Paris?"),
    ]
    choice = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER]).choices[0]
    assert choice.finish_reason == "tool_calls"


def test_who_must_call_a_tool_never_answers(client: openai.OpenAI) -> None:
    called = run_tools(client, "What is the weather in Rome?", [WEATHER], most=4, tool_choice="required")
    assert called == ["get_weather"] * 4


def _call(name: str) -> Any:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}


class Step(pydantic.BaseModel):
    title: str
    minutes: int


class Plan(pydantic.BaseModel):
    goal: str
    steps: list[Step]
    urgent: bool


def test_structured_output_parses_into_the_callers_model(client: openai.OpenAI, passages: str, expected: str) -> None:
    completion = client.chat.completions.parse(model=MODEL, messages=ask(passages), response_format=Plan)
    plan = completion.choices[0].message.parsed
    assert plan is not None
    assert plan.goal == expected
    assert plan.steps


def test_a_json_object_needs_the_word_and_is_one(client: openai.OpenAI, passages: str, expected: str) -> None:
    messages = [{"role": "system", "content": "Reply in JSON."}, *ask(passages)]
    completion = client.chat.completions.create(model=MODEL, messages=messages, response_format={"type": "json_object"})
    assert json.loads(completion.choices[0].message.content or "") == {"answer": expected}


def test_reasoning_models_bill_what_nobody_sees(client: openai.OpenAI, passages: str) -> None:
    plain = client.chat.completions.create(model=MODEL, messages=ask(passages)).usage
    low = client.chat.completions.create(model="gpt-5-mini", messages=ask(passages), reasoning_effort="low").usage
    assert plain is not None
    assert low is not None
    assert low.completion_tokens_details is not None
    assert low.completion_tokens_details.reasoning_tokens == 64
    assert low.completion_tokens == plain.completion_tokens + 64


def test_a_test_can_answer_for_itself(connect: Callable[..., openai.OpenAI]) -> None:
    with LLMServer(answer=lambda question: question.upper(), first_token=0, per_token=0) as server:
        completion = connect(server).chat.completions.create(model=MODEL, messages=ask("shout"))
    assert completion.choices[0].message.content == "SHOUT"


def test_what_came_in_can_be_looked_at(server: LLMServer, client: openai.OpenAI) -> None:
    client.chat.completions.create(model=MODEL, messages=ask("Hello?"), extra_headers={"traceparent": "00-a-b-01"})
    request = server.requests()[-1]
    assert request.path == "/v1/chat/completions"
    assert request.headers["traceparent"] == "00-a-b-01"
    assert request.body["messages"] == ask("Hello?")


def test_pace_is_that_of_the_settings(connect: Callable[..., openai.OpenAI], passages: str) -> None:
    import time

    with LLMServer(first_token=0.1, per_token=0.01) as server:
        started = time.perf_counter()
        chunks = list(connect(server).chat.completions.create(model=MODEL, messages=ask(passages), stream=True))
        elapsed = time.perf_counter() - started
    least = 0.1 + 0.01 * sum(bool(c.choices[0].delta.content) for c in chunks)
    assert least <= elapsed < least + 1
