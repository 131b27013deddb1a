"""Answers of a provider as hypothesis makes them: good ones with some of their parts spoilt."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import DrawFn, SearchStrategy

__all__ = ["ANSWERS", "JUNK", "mutated"]

_SCALARS: Final[tuple[Any, ...]] = (
    *(0, -1, 1, 10**30, -(10**30), 2**63, 10**400, 1.5, -0.5, 1e308, float("nan"), float("inf"), float("-inf")),
    *("", "5", "-5", "1e400", "x", "a\ud83d", "\x00", "{{ . }}", None, True, False),
)
_NAMES: Final = (
    *("id", "model", "usage", "type", "index", "content", "text", "code", "response", "delta", "choices"),
    *("__class__", "__dict__", "model_extra", "__pydantic_extra__", "prompt_tokens", "cached_tokens", "\ud800"),
)
JUNK: Final[SearchStrategy[Any]] = st.recursive(
    st.sampled_from(_SCALARS) | st.integers(-5, 100),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3),
    max_leaves=5,
)

_USAGE: Final = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 1, "audio_tokens": 0},
}
_CALL: Final = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_CHAT: Final = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Flash.", "refusal": None, "tool_calls": [_CALL]},
        }
    ],
    "usage": _USAGE,
    "service_tier": "default",
}
_EMBEDDINGS: Final = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}
_RESPONSE: Final = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "gpt-4o-mini",
    "output": [
        {
            "type": "message",
            "id": "m",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Flash", "annotations": []}],
        },
        {"type": "function_call", "id": "f", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
    ],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens_details": {"reasoning_tokens": 1},
    },
    "error": None,
    "incomplete_details": None,
}


def _chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        "usage": None,
    }


_CHUNKS: Final = [
    _chunk({"role": "assistant", "content": ""}),
    _chunk({"content": "Fla"}),
    _chunk({"reasoning_content": "Hm"}),
    _chunk({"content": "sh"}),
    _chunk({"tool_calls": [_CALL]}),
    _chunk({}, "stop"),
    {**_chunk({}), "choices": [], "usage": _USAGE},
]
_EVENTS: Final = [
    {"type": "response.created", "sequence_number": 0, "response": {**_RESPONSE, "status": "in_progress"}},
    {
        "type": "response.output_text.delta",
        "sequence_number": 1,
        "item_id": "m",
        "output_index": 0,
        "content_index": 0,
        "delta": "Flash",
    },
    {"type": "response.completed", "sequence_number": 2, "response": _RESPONSE},
]
_LINES: Final = (
    *(b"data: {", b"data:", b": a comment", b"event: x", b"\xff\xfe", b"data: " + b"[" * 2000, b"data: [DONE]"),
    *(b'event: error\ndata: {"error": {"message": "x"}}', b"data: 5", b'data: "x"', b"id: \0", b"retry: -1"),
)


def _places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if before:
        yield before
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from _places(each, (*before, key))


@st.composite
def mutated(draw: DrawFn, good: Any) -> Any:
    """Spoil up to three parts of a document: another value, or none at all."""
    made = copy.deepcopy(good)
    places = list(_places(good))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places))
        value, absent = draw(JUNK), draw(st.integers(0, 4)) == 0
        holder = made
        try:
            for key in way:
                holder = holder[key]
            if absent:
                del holder[last]
            else:
                holder[last] = value
        except (KeyError, IndexError, TypeError):
            continue  # what was spoilt before had it
    return made


@st.composite
def _streamed(draw: DrawFn, good: list[Any]) -> list[Any]:
    """Spoil a stream: its events, their number, their order, and the lines they come in."""
    made: list[Any] = draw(mutated(good))
    if draw(st.booleans()):
        made = made[: draw(st.integers(0, len(made)))]
    if draw(st.booleans()) and made:
        made.insert(draw(st.integers(0, len(made))), draw(st.sampled_from(made)))
    if draw(st.integers(0, 3)) == 0:
        made.insert(draw(st.integers(0, len(made))), draw(st.sampled_from(_LINES)))
    if draw(st.booleans()):
        made.append(b"data: [DONE]")
    return made


def _either(strategy: Callable[[Any], SearchStrategy[Any]], good: Any) -> SearchStrategy[Any]:
    return st.just(good) | strategy(good)


ANSWERS: Final[dict[str, SearchStrategy[Any]]] = {
    "chat": _either(mutated, _CHAT) | JUNK,
    "raw": _either(mutated, _CHAT) | JUNK,
    "responses": _either(mutated, _RESPONSE) | JUNK,
    "embeddings": _either(mutated, _EMBEDDINGS) | JUNK,
    "chat stream": _either(_streamed, _CHUNKS),
    "async": _either(_streamed, _CHUNKS),
    "raw stream": _either(_streamed, _CHUNKS),
    "responses stream": _either(_streamed, _EVENTS),
}
"""By road: JSON values, or lists of events."""
