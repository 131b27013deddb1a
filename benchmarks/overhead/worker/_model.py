"""A model that answers from memory: the transport under the real `openai` client, and the requests that are made.

`benchmarks._llm` says why this is not the provider of the other benchmarks.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final

import openai
from openai import _base_client

from benchmarks._llm import CHUNKS, HEADERS, MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CHUNKS", "MODEL", "chat", "client", "messages", "stream"]

_inside: Any = _base_client
_httpx: Any = getattr(_inside, "httpx2", None) or _inside.httpx  # openai 3 has the one, 1 and 2 the other

_SYSTEM: Final = (
    "You are a careful assistant. Answer from the passages, name the ones you used, and say so when none helps."
)
_PASSAGES: Final = " ".join(f"Passage {number}: what it says about the matter in question." for number in range(12))
_WORDS: Final = [f" word{number:02d}" for number in range(CHUNKS)]
_COMMON: Final = {"created": 1760000000, "model": f"{MODEL}-2024-07-18", "system_fingerprint": "fp_0123456789"}
_ID: Final = "chatcmpl-0000000000000000"
"""Stands for an answer's own id, as long as it: who recognises calls by it must remember as many as there are."""
_USAGE: Final = {
    "prompt_tokens": 312,
    "completion_tokens": CHUNKS,
    "total_tokens": 312 + CHUNKS,
    "prompt_tokens_details": {"cached_tokens": 128, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
_ANSWER: Final = json.dumps(
    {
        "id": _ID,
        "object": "chat.completion",
        **_COMMON,
        "service_tier": "default",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "".join(_WORDS), "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": _USAGE,
    }
).encode()


def _piece(delta: dict[str, Any] | None, finish: str | None = None, usage: dict[str, Any] | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    said = {
        "id": _ID,
        "object": "chat.completion.chunk",
        **_COMMON,
        "choices": [] if delta is None else [choice],
        "usage": usage,
    }
    return b"data: " + json.dumps(said).encode() + b"\n\n"


_PIECES: Final = [
    _piece({"role": "assistant", "content": "", "refusal": None}),
    *(_piece({"content": word}) for word in _WORDS),
    _piece({}, finish="stop"),
    _piece(None, usage=_USAGE),
    b"data: [DONE]\n\n",
]


_numbers: Final = itertools.count(1)


def _new_id() -> bytes:
    return b"chatcmpl-%016x" % next(_numbers)


def _answer() -> bytes:
    return _ANSWER.replace(_ID.encode(), _new_id())


class _Pieces(_httpx.SyncByteStream):  # type: ignore[misc] # one of two libraries
    """A body that comes piece by piece, as from a socket."""

    def __init__(self) -> None:
        self._id = _new_id()

    def __iter__(self) -> Iterator[bytes]:
        return (piece.replace(_ID.encode(), self._id) for piece in _PIECES)


class _Memory(_httpx.BaseTransport):  # type: ignore[misc] # one of two libraries
    """Answers at once."""

    def handle_request(self, request: Any) -> Any:  # noqa: ANN401
        if b'"stream":true' in request.content:
            headers = HEADERS | {"content-type": "text/event-stream; charset=utf-8"}
            return _httpx.Response(200, headers=headers, stream=_Pieces())
        return _httpx.Response(200, headers=HEADERS | {"content-type": "application/json"}, content=_answer())


def client(make: Callable[..., Any] = openai.OpenAI) -> Any:  # noqa: ANN401 - or somebody's wrapper of it
    """Make a client (with `make`, if a contender brings a class of its own) that needs no network."""
    return make(
        api_key="sk-nobody", base_url="https://api.openai.com/v1", http_client=_httpx.Client(transport=_Memory())
    )


def messages(number: int) -> list[Any]:
    """Build the prompt of a call, which no other call has."""
    return [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": f"{_PASSAGES}\n\nQuestion {number}: what follows from the passages?"},
    ]


def chat(client: Any, number: int) -> None:  # noqa: ANN401
    """Ask and read the answer."""
    client.chat.completions.create(model=MODEL, messages=messages(number))


def stream(client: Any, number: int) -> None:  # noqa: ANN401
    """Ask and read the answer piece by piece, with its usage at the end."""
    for _ in client.chat.completions.create(
        model=MODEL, messages=messages(number), stream=True, stream_options={"include_usage": True}
    ):
        pass
