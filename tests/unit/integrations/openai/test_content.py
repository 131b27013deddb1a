"""Content: none unasked; when asked for, in the shapes of the semantic conventions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import openai

    from .conftest import Seen

NAMES = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
)
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "look",
            "description": "Look",
            "parameters": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
        },
    }
]
IMAGE = {"type": "image_url", "image_url": {"url": "data:secret"}}
LOOKED = {"name": "look", "arguments": '{"at":"sun"}'}
TALK: Any = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": [{"type": "text", "text": "Look at this"}, IMAGE]},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": LOOKED}]},
    {"role": "tool", "tool_call_id": "c1", "content": "bright"},
    {"role": "user", "content": "The sun is bright over there. Is the sun bright?"},
]  # fmt: skip


def content(seen: Seen) -> dict[str, Any]:
    return {name: json.loads(value) for name, value in seen.one.items() if name in NAMES}


def text(role: str, said: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": said}], **more}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_no_content_unasked(stream: bool, client: openai.OpenAI, seen: Seen) -> None:
    answer: Any = client.chat.completions.create(model="gpt-4o-mini", messages=TALK, tools=TOOLS, stream=stream)
    if stream:
        list(answer)
    assert not content(seen)
    assert "Be short." not in str(seen.one)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_chat(stream: bool, client: openai.OpenAI, seen: Seen) -> None:
    seen.settings.captures_content = True
    answer: Any = client.chat.completions.create(
        model="gpt-4o-mini", messages=TALK, tools=TOOLS, tool_choice="none", stream=stream, n=2
    )
    if stream:
        said = "".join(c.choices[0].delta.content or "" for c in answer if c.choices[0].index == 0)
    else:
        said = answer.choices[0].message.content
    assert said
    call = {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": "sun"}}
    assert content(seen) == {
        "gen_ai.input.messages": [
            text("system", "Be short."),
            {"role": "user", "parts": [{"type": "text", "content": "Look at this"}, {"type": "image_url"}]},
            {"role": "assistant", "parts": [call]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "bright"}]},
            text("user", "The sun is bright over there. Is the sun bright?"),
        ],
        "gen_ai.output.messages": [text("assistant", said, finish_reason="stop")] * 2,
        "gen_ai.tool.definitions": [{"type": "function", **TOOLS[0]["function"]}],
    }  # fmt: skip


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_tool_call(stream: bool, client: openai.OpenAI, seen: Seen) -> None:
    seen.settings.captures_content = True
    answer: Any = client.chat.completions.create(
        model="gpt-4o-mini", messages=TALK[-1:], tools=TOOLS, tool_choice="required", stream=stream
    )
    if stream:
        list(answer)
    (message,) = content(seen)["gen_ai.output.messages"]
    (part,) = message["parts"]
    assert (message["finish_reason"], part["type"], part["name"]) == ("tool_calls", "tool_call", "look")
    assert part["id"].startswith("call_")
    assert isinstance(part["arguments"]["at"], str)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_response(stream: bool, client: openai.OpenAI, seen: Seen) -> None:
    seen.settings.captures_content = True
    answer: Any = client.responses.create(
        model="gpt-4o-mini", instructions="Be short.", input="What does the sun do?", stream=stream
    )
    said = list(answer)[-1].response.output_text if stream else answer.output_text
    assert said
    assert content(seen) == {
        "gen_ai.system_instructions": [{"type": "text", "content": "Be short."}],
        "gen_ai.input.messages": [text("user", "What does the sun do?")],
        "gen_ai.output.messages": [text("assistant", said)],
    }
