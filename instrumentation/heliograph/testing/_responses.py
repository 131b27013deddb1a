"""`POST /v1/responses` (https://platform.openai.com/docs/api-reference/responses).

Text and function calls, streamed or not; nothing is stored, so `previous_response_id` is refused.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Any

from heliograph.testing._errors import ApiError, invalid, missing, wrong_type
from heliograph.testing._generate import Generated, generate
from heliograph.testing._prompt import Message, Prompt, Tool, check_model, content_text, number
from heliograph.testing._reply import Engine, Event, Job, Reply, new_id, sse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["prepare"]

_NAME = "responses"


def prepare(body: Mapping[str, Any], engine: Engine) -> Job:
    """Check a request; raises ApiError 400 or 404."""
    prompt = _parse(body, engine.served)

    def run(faults: Collection[str]) -> Reply:
        generated = generate(prompt, engine.cache, own=engine.own, faults=faults)
        return _reply(body, prompt, generated)

    return Job(_NAME, prompt.requested, prompt.model, prompt.stream, run)


def _parse(body: Mapping[str, Any], served: frozenset[str] | None) -> Prompt:
    requested, model = check_model(body, served)
    if body.get("previous_response_id"):
        message = f"Previous response with id '{body['previous_response_id']}' not found."
        raise ApiError(400, message, param="previous_response_id", code="previous_response_not_found")
    number(body, "temperature", 0, 2)
    limit = number(body, "max_output_tokens", 16, 1e9, whole=True)
    wanted = (body.get("text") or {}).get("format") or {}
    tools = [
        Tool(str(tool.get("name")), tool.get("description") or "", tool.get("parameters") or {})
        for tool in body.get("tools") or []
        if tool.get("type") == "function"
    ]
    choice = body.get("tool_choice") or "auto"
    return Prompt(
        requested=requested,
        model=model,
        messages=_messages(body),
        tools=tools,
        tool_choice=str(choice.get("name", "auto")) if isinstance(choice, dict) else str(choice),
        schema={"json_schema": wanted.get("schema") or {}, "json_object": {}}.get(wanted.get("type", "text")),
        max_tokens=int(limit) if limit else None,
        effort=(body.get("reasoning") or {}).get("effort") or "medium",
        stream=bool(body.get("stream")),
    )


def _messages(body: Mapping[str, Any]) -> list[Message]:
    if "input" not in body:
        raise missing("input")
    found = body["input"]
    if isinstance(found, str):
        found = [{"role": "user", "content": found}]
    if not isinstance(found, list):
        raise wrong_type("input", "a string or an array of objects", found)
    if not found:
        raise invalid("input", "it is empty.")
    messages = [Message("system", body["instructions"])] if isinstance(body.get("instructions"), str) else []
    return messages + [_message(item, f"input[{i}]") for i, item in enumerate(found)]


def _message(item: object, where: str) -> Message:
    if not isinstance(item, dict):
        raise wrong_type(where, "an object", item)
    match item.get("type", "message"):
        case "message":
            return Message(str(item.get("role", "user")), *content_text(item.get("content"), f"{where}.content"))
        case "function_call_output":
            return Message("tool", str(item.get("output", "")))
        case "function_call":
            name = str(item.get("name"))
            return Message("assistant", f"{name}({item.get('arguments')})", calls=(name,))
        case "reasoning":  # handed back by the client; it counts no tokens
            return Message("assistant", "")
        case other:
            raise invalid(f"{where}.type", f"{other!r} is not supported.")


def _reply(request: Mapping[str, Any], prompt: Prompt, generated: Generated) -> Reply:
    usage = generated.usage
    body: dict[str, Any] = {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "max_output_tokens": prompt.max_tokens,
        "model": prompt.model.name,
        "output": [_item(generated)],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": prompt.effort if prompt.model.reasons else None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": request.get("temperature", 1.0),
        "text": request.get("text") or {"format": {"type": "text"}},
        "tool_choice": request.get("tool_choice") or "auto",
        "tools": request.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": usage.prompt,
            "input_tokens_details": {"cached_tokens": usage.cached},
            "output_tokens": usage.completion,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.total,
        },
        "metadata": request.get("metadata") or {},
    }
    if generated.finish in {"length", "content_filter"}:
        body["status"] = "incomplete"
        reason = "max_output_tokens" if generated.finish == "length" else "content_filter"
        body["incomplete_details"] = {"reason": reason}
    return Reply(body["id"], usage, body, _events(body, generated))


def _item(generated: Generated) -> dict[str, Any]:
    if generated.tool:
        names = {"call_id": new_id("call_")[:29], "name": generated.tool}
        return {
            "id": new_id("fc_"),
            "type": "function_call",
            "status": "completed",
            **names,
            "arguments": generated.text,
        }
    content = [{"type": "output_text", "text": generated.text, "annotations": [], "logprobs": []}]
    return {"id": new_id("msg_"), "type": "message", "status": "completed", "role": "assistant", "content": content}


def _events(body: dict[str, Any], generated: Generated) -> Iterator[Event]:
    numbers = count()

    def event(kind: str, tokens: int = 0, **fields: Any) -> Event:  # noqa: ANN401 - JSON
        return Event(sse({"type": kind, "sequence_number": next(numbers), **fields}, kind), tokens)

    item = body["output"][0]
    started = {**body, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield event("response.created", response=started)
    yield event("response.in_progress", generated.usage.reasoning, response=started)
    where: dict[str, Any] = {"item_id": item["id"], "output_index": 0}
    if generated.tool:
        empty = {**item, "status": "in_progress", "arguments": ""}
        yield event("response.output_item.added", output_index=0, item=empty)
        for token in generated.tokens:
            yield event("response.function_call_arguments.delta", 1, **where, delta=token)
        yield event("response.function_call_arguments.done", **where, name=generated.tool, arguments=generated.text)
    else:
        part = item["content"][0]
        yield event("response.output_item.added", output_index=0, item={**item, "status": "in_progress", "content": []})
        where["content_index"] = 0
        yield event("response.content_part.added", **where, part={**part, "text": ""})
        for token in generated.tokens:
            yield event("response.output_text.delta", 1, **where, delta=token, logprobs=[])
        yield event("response.output_text.done", **where, text=generated.text, logprobs=[])
        yield event("response.content_part.done", **where, part=part)
    yield event("response.output_item.done", output_index=0, item=item)
    yield event(f"response.{body['status']}", response=body)
