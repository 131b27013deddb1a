"""Prompts, answers and tools in the JSON of the semantic conventions, made only when content is captured.

Shapes: the schemas of `gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions` and
`gen_ai.tool.definitions` at https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/. Images, audio and files
are named by their kind, never copied. What may leave the process, and at what length, is decided behind this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heliograph.integrations.openai._apis import Kind
    from heliograph.integrations.openai._chunks import Chunks

__all__ = ["attributes", "texts_of"]

Part = dict[str, Any]


def attributes(kind: Kind, body: Mapping[str, Any], answer: Any, chunks: Chunks | None) -> dict[str, str]:  # noqa: ANN401
    """Give the content attributes of one call; a part that cannot be read is left out."""
    said: dict[str, str] = {}
    if kind == "embeddings":
        return said
    given = body.get("messages") if kind == "chat" else body.get("input") if kind == "responses" else body.get("prompt")
    _put(said, "gen_ai.input.messages", _input(given))
    instructions = body.get("instructions")
    if isinstance(instructions, str):
        _put(said, "gen_ai.system_instructions", [{"type": "text", "content": instructions}])
    _put(said, "gen_ai.tool.definitions", [_tool(each) for each in _items(body.get("tools"))])
    if kind == "responses":
        whole = chunks.seen if chunks is not None else answer
        messages = _response(whole)
        if chunks is not None and not messages and chunks.kept:
            messages = [_message("assistant", [_text("".join(chunks.texts()))])]
    elif chunks is not None:
        messages = _streamed(chunks)
    else:
        messages = [_choice(each) for each in getattr(answer, "choices", None) or ()]
    _put(said, "gen_ai.output.messages", messages)
    return said


def texts_of(value: object) -> Iterable[str]:
    """Give every text in the messages (or prompt, or input) of a request: what its tokens are estimated from."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name in ("content", "text", "output", "arguments", "refusal", "tool_calls", "function", "name"):
            found = value.get(name)
            if found is not None:
                yield from texts_of(found)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts_of(each)


def _put(said: dict[str, str], name: str, value: list[Part]) -> None:
    if value:
        said[name] = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _items(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, (list, tuple)) else []


def _text(content: object) -> Part:
    return {"type": "text", "content": content}


def _message(role: str, parts: list[Part], reason: object = None) -> Part:
    message: Part = {"role": role, "parts": parts}
    if reason is not None:
        message["finish_reason"] = str(reason)
    return message


def _input(given: object) -> list[Part]:
    if isinstance(given, str):
        return [_message("user", [_text(given)])]
    if isinstance(given, (list, tuple)) and given and all(isinstance(each, str) for each in given):
        return [_message("user", [_text(each)]) for each in given]
    return [_said_before(each) for each in _items(given)]


def _said_before(item: Mapping[str, Any]) -> Part:
    """Convert a message of a chat, or an input item of the Responses API."""
    kind = item.get("type")
    if kind == "function_call":
        return _message("assistant", [_call(item.get("call_id"), item.get("name"), item.get("arguments"))])
    if kind == "function_call_output":
        return _message("tool", [_result(item.get("call_id"), item.get("output"))])
    role = str(item.get("role") or "user")
    content = item.get("content")
    if role == "tool":
        return _message(role, [_result(item.get("tool_call_id"), content)])
    parts = [_text(content)] if isinstance(content, str) else [_part(each) for each in _items(content)]
    for call in _items(item.get("tool_calls")):
        function = call.get("function") or {}
        parts.append(_call(call.get("id"), function.get("name"), function.get("arguments")))
    return _message(role, parts)


def _part(part: Mapping[str, Any]) -> Part:
    for name in ("text", "refusal"):
        if isinstance(part.get(name), str):
            return _text(part[name])
    return {"type": str(part.get("type") or "unknown")}


def _call(call_id: object, name: object, arguments: object) -> Part:
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": _parsed(arguments)}


def _result(call_id: object, response: object) -> Part:
    return {"type": "tool_call_response", "id": call_id, "response": response}


def _parsed(arguments: object) -> object:
    if isinstance(arguments, str):
        try:
            return json.loads(arguments)
        except ValueError:
            return arguments
    return arguments


def _tool(tool: Mapping[str, Any]) -> Part:
    inner = tool.get("function")
    function = inner if isinstance(inner, Mapping) else tool
    named = {name: function[name] for name in ("name", "description", "parameters") if function.get(name) is not None}
    return {"type": str(tool.get("type") or "function"), **named}


def _choice(choice: Any) -> Part:  # noqa: ANN401 - of either major version
    message = getattr(choice, "message", None)
    reason = getattr(choice, "finish_reason", None)
    if message is None:
        return _message("assistant", [_text(getattr(choice, "text", ""))], reason)
    said = getattr(message, "content", None) or getattr(message, "refusal", None)
    parts = [_text(said)] if said else []
    for call in getattr(message, "tool_calls", None) or ():
        function = getattr(call, "function", None)
        parts.append(_call(call.id, getattr(function, "name", None), getattr(function, "arguments", None)))
    return _message(str(getattr(message, "role", None) or "assistant"), parts, reason)


def _response(response: Any) -> list[Part]:  # noqa: ANN401
    parts: list[Part] = []
    for item in getattr(response, "output", None) or ():
        if item.type == "message":
            parts += [_text(getattr(each, "text", None) or getattr(each, "refusal", "")) for each in item.content]
        elif item.type == "function_call":
            parts.append(_call(item.call_id, item.name, item.arguments))
        else:
            parts.append({"type": item.type})
    return [_message("assistant", parts)] if parts else []


def _streamed(chunks: Chunks) -> list[Part]:
    """Join the deltas of each choice; an entry is (choice, kind or tool call's delta, text)."""
    reasons: dict[int, str] = getattr(chunks, "reasons", {})
    texts: dict[tuple[int, str], list[str]] = {}
    calls: dict[int, dict[int, Part]] = {}
    for index, kind, text in chunks.kept:
        if isinstance(kind, str):
            texts.setdefault((index, kind), []).append(text)
            continue
        call = calls.setdefault(index, {}).setdefault(kind.index, _call(None, None, ""))
        call["id"] = kind.id or call["id"]
        call["name"] = getattr(kind.function, "name", None) or call["name"]
        call["arguments"] += text
    messages = []
    for index in sorted({*(i for i, _ in texts), *calls, *reasons}):
        parts: list[Part] = [
            {"type": kind, "content": "".join(texts[index, kind])}
            for kind in ("reasoning", "text")
            if (index, kind) in texts
        ]
        parts += [{**each, "arguments": _parsed(each["arguments"])} for _, each in sorted(calls.get(index, {}).items())]
        messages.append(_message("assistant", parts, reasons.get(index)))
    return messages
