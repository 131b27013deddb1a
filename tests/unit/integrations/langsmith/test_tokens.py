"""Tokens, model, finish reason: read from wherever the reporter of a run put them.

Shapes are those the wrappers of langsmith 0.14, langchain-core 1.7 and the providers' own answers have.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from langsmith import RunTree

if TYPE_CHECKING:
    from .conftest import Bench


def langchain_answer(usage: dict[str, Any] | None, **about: Any) -> dict[str, Any]:
    """Tell of a chat model's answer as LangChain's tracer does."""
    message = {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "AIMessage"],
        "kwargs": {
            "content": "hi",
            "type": "ai",
            "id": "lc_run--1",
            "response_metadata": about,
            "usage_metadata": usage,
        },
    }
    return {"generations": [[{"text": "hi", "type": "ChatGeneration", "message": message}]], "llm_output": None}


UNIFIED = {
    "input_tokens": 1000,
    "output_tokens": 200,
    "total_tokens": 1200,
    "input_token_details": {"cache_read": 300, "cache_creation": 40, "audio": 5},
    "output_token_details": {"reasoning": 64, "audio": 7},
}
COUNTED = {
    "llm_input_tokens": 1000,
    "llm_output_tokens": 200,
    "llm_cached_tokens": 300,
    "llm_cache_write_tokens": 40,
    "llm_reasoning_tokens": 64,
}

# name -> outputs, metadata, and what the call's event says
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "by hand": ({"usage_metadata": UNIFIED}, {}, COUNTED),
    "by hand, within a message": ({"output": {"role": "assistant", "usage_metadata": UNIFIED}}, {}, COUNTED),
    "by hand, last of the messages": ({"messages": [{"role": "user"}, {"usage_metadata": UNIFIED}]}, {}, COUNTED),
    "by hand, in the metadata": ({"output": "hi"}, {"usage_metadata": UNIFIED}, COUNTED),
    "LangChain: LangSmith's exporter drops all details of it": (langchain_answer(UNIFIED), {}, COUNTED),
    "LangChain, two choices: one usage, summed in the metadata": (
        {"generations": [langchain_answer(UNIFIED)["generations"][0] * 2]},
        {"usage_metadata": {"input_tokens": 2000, "output_tokens": 400, "total_tokens": 2400}},
        COUNTED,
    ),
    "LangChain, completion model": (
        {
            "generations": [[{"text": "hi", "generation_info": {"finish_reason": "stop"}}]],
            "llm_output": {"token_usage": {"prompt_tokens": 7, "completion_tokens": 2}, "model_name": "gpt-3.5"},
        },
        {},
        {"llm_input_tokens": 7, "llm_output_tokens": 2},
    ),
    "flex tier of the OpenAI wrapper": (
        {
            "usage_metadata": {
                "input_tokens": 1000,
                "output_tokens": 200,
                "total_tokens": 1200,
                "input_token_details": {"flex_cache_read": 300, "flex": 700},
                "output_token_details": {"flex_reasoning": 64, "flex": 136},
            },
            "service_tier": "flex",
        },
        {},
        {"llm_input_tokens": 1000, "llm_cached_tokens": 300, "llm_reasoning_tokens": 64, "service_tier": "flex"},
    ),
    "Anthropic's cache writes by lifetime": (
        {
            "usage_metadata": {
                "input_tokens": 900,
                "output_tokens": 1,
                "total_tokens": 901,
                "input_token_details": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 100},
            }
        },
        {},
        {"llm_input_tokens": 900, "llm_cache_write_tokens": 600},
    ),
    "a provider's answer as it was: OpenAI chat": (
        {
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 200,
                "prompt_tokens_details": {"cached_tokens": 300},
                "completion_tokens_details": {"reasoning_tokens": 64},
            }
        },
        {},
        {"llm_input_tokens": 1000, "llm_cached_tokens": 300, "llm_reasoning_tokens": 64},
    ),
    "a provider's answer as it was: OpenAI responses": (
        {
            "usage": {
                "input_tokens": 1000,
                "output_tokens": 200,
                "input_tokens_details": {"cached_tokens": 300},
                "output_tokens_details": {"reasoning_tokens": 64},
            }
        },
        {},
        {"llm_input_tokens": 1000, "llm_cached_tokens": 300, "llm_reasoning_tokens": 64},
    ),
    "a provider's answer as it was: Anthropic, who counts cached tokens apart": (
        {
            "usage": {
                "input_tokens": 660,
                "output_tokens": 200,
                "cache_read_input_tokens": 300,
                "cache_creation_input_tokens": 40,
            }
        },
        {},
        {"llm_input_tokens": 1000, "llm_cached_tokens": 300, "llm_cache_write_tokens": 40},
    ),
    "nothing": ({"output": "hi"}, {}, {"llm_input_tokens": None, "llm_output_tokens": None}),
    "nonsense": (
        {"usage_metadata": {"input_tokens": -1, "output_tokens": "many", "input_token_details": 3}, "usage": 5},
        {},
        {"llm_input_tokens": None, "llm_output_tokens": None},
    ),
    "zero": (
        {"usage_metadata": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}},
        {},
        {"llm_input_tokens": 0, "llm_output_tokens": 0},
    ),
}


def tell(outputs: dict[str, Any], metadata: dict[str, Any], **fields: Any) -> None:
    run = RunTree(
        name="call",
        run_type=fields.pop("run_type", "llm"),
        inputs=fields.pop("inputs", {}),
        extra={"metadata": {"ls_provider": "openai", "ls_model_name": "gpt-4o", **metadata}},
        **fields,
    )
    run.post()
    run.end(outputs=outputs)
    run.patch()


@pytest.mark.parametrize("name", CASES)
def test_tokens_are_counted_wherever_they_are(bench: Bench, name: str) -> None:
    outputs, metadata, expected = CASES[name]
    tell(outputs, metadata)
    (call,) = bench.calls
    assert {field: call.get(field) for field in expected} == expected


def test_audio_tokens_are_on_the_span(bench: Bench) -> None:
    tell({"usage_metadata": UNIFIED}, {})
    said = bench.span("call").attributes or {}
    assert (said["heliograph.usage.input_audio_tokens"], said["heliograph.usage.output_audio_tokens"]) == (5, 7)
    assert said["gen_ai.usage.total_tokens"] == 1200


def test_only_calls_of_models_have_tokens(bench: Bench) -> None:
    tell({"messages": [{"usage_metadata": UNIFIED}]}, {}, run_type="chain")
    assert not [name for name in bench.span("call").attributes or {} if "usage" in name]
    assert bench.calls == []


ANSWERS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "chat completion": (
        {"id": "chatcmpl-1", "model": "gpt-4o-2024-08-06", "choices": [{"finish_reason": "tool_calls"}]},
        ("chatcmpl-1", "gpt-4o-2024-08-06", ("tool_calls",)),
    ),
    "responses": (
        {"id": "resp_1", "model": "gpt-4o-2024-08-06", "object": "response", "status": "incomplete"},
        ("resp_1", "gpt-4o-2024-08-06", ("incomplete",)),
    ),
    "Anthropic": (
        {"id": "msg_1", "model": "claude-x", "stop_reason": "end_turn"},
        ("msg_1", "claude-x", ("end_turn",)),
    ),
    "LangChain": (
        langchain_answer(None, id="chatcmpl-1", model_name="gpt-4o-2024-08-06", finish_reason="stop"),
        ("chatcmpl-1", "gpt-4o-2024-08-06", ("stop",)),
    ),
    "by hand": ({"status": "fine", "model": 7}, (None, None, None)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_the_answer_says_of_itself(bench: Bench, name: str) -> None:
    outputs, expected = ANSWERS[name]
    tell(outputs, {})
    said = bench.span("call").attributes or {}
    names = ("gen_ai.response.id", "gen_ai.response.model", "gen_ai.response.finish_reasons")
    assert tuple(said.get(name) for name in names) == expected


REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[Any, ...]]] = {
    "LangChain": (
        {"ls_provider": "azure", "ls_model_name": "gpt-4o", "ls_temperature": 0.2, "ls_max_tokens": 100},
        {},
        ("azure.ai.openai", "gpt-4o", 0.2, 100),
    ),
    "client's arguments": ({}, {"model": "claude-x", "temperature": 0}, ("anthropic", "claude-x", 0.0, None)),
    "an unknown model": ({}, {"model": "mine"}, (None, "mine", None, None)),
    "a model object": ({}, {"model": {"name": "mine"}}, (None, None, None, None)),
    "prefixed": ({}, {"model": "openrouter/gpt-4o"}, ("openai", "openrouter/gpt-4o", None, None)),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_was_asked_for(bench: Bench, name: str) -> None:
    metadata, inputs, expected = REQUESTS[name]
    run = RunTree(name="call", run_type="llm", inputs=inputs, extra={"metadata": metadata})
    run.post()
    run.end(outputs={})
    run.patch()
    said = bench.span("call").attributes or {}
    names = ("provider.name", "request.model", "request.temperature", "request.max_tokens")
    assert tuple(said.get(f"gen_ai.{name}") for name in names) == expected


def test_the_first_token_gives_the_time_to_it(bench: Bench) -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    run = RunTree(name="call", run_type="llm", inputs={"stream": True}, start_time=start, id=uuid.uuid4())
    run.post()
    run.add_event({"name": "new_token", "time": (start + dt.timedelta(seconds=0.25)).isoformat()})
    run.end(
        outputs={"choices": [{"finish_reason": "stop"}], "usage_metadata": UNIFIED},
        end_time=start + dt.timedelta(seconds=2),
    )
    run.patch()
    span = bench.span("call")
    assert (span.attributes or {})["gen_ai.response.time_to_first_chunk"] == 0.25
    assert (span.start_time, span.end_time) == (1_767_225_600_000_000_000, 1_767_225_602_000_000_000)


def test_a_stream_told_without_its_end_is_no_cancelled_one(bench: Bench) -> None:
    """Nobody left it: the reporter says neither tokens nor why it stopped."""
    tell({"output": "hi"}, {}, inputs={"stream": True})
    assert [call["status"] for call in bench.calls] == ["success"]
