"""`POST /v1/chat/completions` (https://platform.openai.com/docs/api-reference/chat)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from heliograph.testing._errors import ApiError, invalid, missing, wrong_type
from heliograph.testing._generate import Generated, generate
from heliograph.testing._prompt import Message, Prompt, Tool, check_model, content_text, number, text_parameter
from heliograph.testing._reply import DONE, Engine, Event, Job, Reply, new_id, sse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from heliograph.testing._ledger import Usage

__all__ = ["prepare"]

_NAME = "chat.completions"
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_MAX_N = 8


def prepare(body: Mapping[str, Any], engine: Engine) -> Job:
    """Check a request; raises ApiError 400 or 404."""
    prompt = _parse(body, engine)

    def run(faults: Collection[str]) -> Reply:
        generated = generate(prompt, engine.cache, own=engine.own, faults=faults)
        return _reply(prompt, generated)

    return Job(_NAME, prompt.requested, prompt.model, prompt.stream, run)


def _parse(body: Mapping[str, Any], engine: Engine) -> Prompt:
    requested, model = check_model(body, engine.served)
    messages = _messages(body)
    if model.reasons and body.get("max_tokens") is not None:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise ApiError(400, message, param="max_tokens", code="unsupported_parameter")
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1), ("presence_penalty", -2, 2)):
        number(body, name, low, high)
    limit = number(body, "max_completion_tokens", 1, 1e9, whole=True) or number(body, "max_tokens", 1, 1e9, whole=True)
    stop = body.get("stop") or []
    options = body.get("stream_options") or {}
    if not isinstance(options, dict):
        raise wrong_type("stream_options", "an object", options)
    if options and not body.get("stream"):
        raise invalid("stream_options", "only allowed when 'stream' is enabled.")
    if options and engine.stream_usage == "refused":
        message = "Unrecognized request argument supplied: stream_options"
        raise ApiError(400, message, param="stream_options", code="unknown_parameter")
    tools = _tools(body)
    return Prompt(
        requested=requested,
        model=model,
        messages=messages,
        tools=tools,
        tool_choice=_tool_choice(body, tools),
        schema=_schema(body, messages),
        max_tokens=int(limit) if limit else None,
        stop=[stop] if isinstance(stop, str) else [str(mark) for mark in stop],
        n=int(number(body, "n", 1, _MAX_N, whole=True) or 1),
        effort=text_parameter(body, "reasoning_effort") or "medium",
        stream=bool(body.get("stream")),
        include_usage=bool(options.get("include_usage")) and engine.stream_usage == "on request",
        tells_usage=engine.stream_usage == "always",
    )


def _messages(body: Mapping[str, Any]) -> list[Message]:
    if "messages" not in body:
        raise missing("messages")
    found = body["messages"]
    if not isinstance(found, list):
        raise wrong_type("messages", "an array of objects", found)
    if not found:
        message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array."
        raise ApiError(400, message, param="messages", code="empty_array")
    messages = []
    for i, message in enumerate(found):
        where = f"messages[{i}]"
        if not isinstance(message, dict):
            raise wrong_type(where, "an object", message)
        role = message.get("role")
        if role is None:
            raise missing(f"{where}.role")
        if role not in _ROLES:
            raise invalid(f"{where}.role", f"{role!r} is none of {', '.join(sorted(_ROLES))}.")
        text, images = content_text(message.get("content"), f"{where}.content")
        if message.get("tool_calls"):
            text += json.dumps(message["tool_calls"], ensure_ascii=False)
        messages.append(Message(role, text, images, _called(message.get("tool_calls"))))
    return messages


def _called(tool_calls: object) -> tuple[str, ...]:
    calls = tool_calls if isinstance(tool_calls, list) else []
    functions = [call.get("function") for call in calls if isinstance(call, dict)]
    return tuple(str(function.get("name")) for function in functions if isinstance(function, dict))


def _tools(body: Mapping[str, Any]) -> list[Tool]:
    tools = []
    found = body.get("tools") or []
    if not isinstance(found, list):
        raise wrong_type("tools", "an array of objects", found)
    for i, tool in enumerate(found):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise missing(f"tools[{i}].function.name")
        tools.append(Tool(function["name"], function.get("description") or "", function.get("parameters") or {}))
    return tools


def _tool_choice(body: Mapping[str, Any], tools: list[Tool]) -> str:
    choice = body.get("tool_choice") or "auto"
    if isinstance(choice, dict):
        choice = (choice.get("function") or {}).get("name", "")
    if choice not in {"auto", "none", "required", *(tool.name for tool in tools)}:
        raise invalid("tool_choice", f"no tool is called {choice!r}.")
    return str(choice)


def _schema(body: Mapping[str, Any], messages: list[Message]) -> Mapping[str, Any] | None:
    wanted = body.get("response_format") or {}
    if not isinstance(wanted, dict):
        raise wrong_type("response_format", "an object", wanted)
    match wanted.get("type", "text"):
        case "text":
            return None
        case "json_object":
            if not any("json" in message.text.lower() for message in messages):
                message = (
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
                    "'json_object'."
                )
                raise ApiError(400, message, param="messages")
            return {}
        case "json_schema":
            schema = (wanted.get("json_schema") or {}).get("schema")
            if not isinstance(schema, dict):
                raise missing("response_format.json_schema.schema")
            return schema
        case other:
            raise invalid("response_format.type", f"{other!r} is none of text, json_object, json_schema.")


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _reply(prompt: Prompt, generated: Generated) -> Reply:
    response_id = new_id("chatcmpl-")
    head = {
        "id": response_id,
        "created": int(time.time()),
        "model": prompt.model.name,
        "service_tier": "default",
        "system_fingerprint": "fp_heliograph",
    }
    message: dict[str, Any] = {"role": "assistant", "content": generated.text, "refusal": None, "annotations": []}
    if generated.tool:
        message["content"] = None
        message["tool_calls"] = [_tool_call(generated, generated.text)]
    choices = [
        {"index": i, "message": message, "logprobs": None, "finish_reason": generated.finish} for i in range(prompt.n)
    ]
    body = {**head, "object": "chat.completion", "choices": choices, "usage": _usage(generated.usage)}
    events = _events(prompt, generated, {**head, "object": "chat.completion.chunk"})
    return Reply(response_id, generated.usage, body, events)


def _tool_call(generated: Generated, arguments: str) -> dict[str, Any]:
    return {
        "id": new_id("call_")[:29],
        "type": "function",
        "function": {"name": generated.tool, "arguments": arguments},
    }


def _events(prompt: Prompt, generated: Generated, head: dict[str, Any]) -> Iterator[Event]:
    def chunk(index: int, delta: dict[str, Any], finish: str | None = None, *, last: bool = False) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage: dict[str, Any] = {"usage": None} if prompt.include_usage else {}
        if last and prompt.tells_usage:
            usage = {"usage": _usage(generated.usage)}
        return sse({**head, "choices": [choice], **usage})

    start: dict[str, Any] = {"role": "assistant", "content": None if generated.tool else "", "refusal": None}
    if generated.tool:
        start["tool_calls"] = [{"index": 0, **_tool_call(generated, "")}]
    for i in range(prompt.n):
        yield Event(chunk(i, start), generated.usage.reasoning if i == 0 else 0)
        for token in generated.tokens:
            delta = {"tool_calls": [{"index": 0, "function": {"arguments": token}}]} if generated.tool else None
            yield Event(chunk(i, delta or {"content": token}), 1)
        yield Event(chunk(i, {}, generated.finish, last=i == prompt.n - 1))
    if prompt.include_usage:
        yield Event(sse({**head, "choices": [], "usage": _usage(generated.usage)}))
    yield Event(DONE)
