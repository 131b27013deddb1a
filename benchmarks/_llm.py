"""A provider inside the process: openai clients whose requests go nowhere, for benchmarks of what lies around them.

It needs nothing but `openai`, version 2 (which speaks through `httpx`) or 3 (`httpx2`), so that it works in an
environment of any peer. The client is the real one: it builds the request, and parses the answer or the stream.

`benchmarks.overhead` has a model of its own (`overhead/worker/_model.py`), which shares the names and headers only. Its
figures are differences of microseconds, so its answers are bytes that were made beforehand, the same for every call,
below the client's own transport. Here calls are told apart instead, by an id each, a model, a failure or a delay: what
is measured are memories of calls, and what happens while a call is under way.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    import openai

__all__ = ["BROKEN", "CHUNKS", "HEADERS", "MESSAGES", "MODEL", "Provider"]

MODEL: Final = "gpt-4o-mini"
BROKEN: Final = "broken"
"""A model that begins with this answers 500."""
CHUNKS: Final = 50
"""Pieces of text in a stream."""
HEADERS: Final = {
    "openai-organization": "bench",
    "openai-processing-ms": "512",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-limit-tokens": "2000000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-remaining-tokens": "1999500",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-reset-tokens": "15ms",
    "x-request-id": "req_0123456789abcdef0123456789abcdef",
}
"""What OpenAI tells with an answer: the quota, above all."""
MESSAGES: Final = [
    {"role": "system", "content": "You answer in one sentence."},
    {"role": "user", "content": "Why is the sky blue, and why is it red in the evening?"},
]
_USAGE: Final = {
    "prompt_tokens": 812,
    "completion_tokens": CHUNKS,
    "total_tokens": 812 + CHUNKS,
    "prompt_tokens_details": {"cached_tokens": 512},
    "completion_tokens_details": {"reasoning_tokens": 0},
}
_HEAD: Final = {"id": "%(id)s", "model": "%(model)s", "created": 1_750_000_000}
_JSON: Final = {**HEADERS, "content-type": "application/json"}
_SSE: Final = {**HEADERS, "content-type": "text/event-stream"}
_ids: Final = itertools.count()


@dataclass(frozen=True, slots=True)
class Provider:
    """Answers of one kind. `delay` is in seconds, before the answer; `pieces` how many chunks a stream has."""

    delay: float = 0.0
    pieces: int = CHUNKS

    def client(self) -> openai.OpenAI:
        """Make a client that asks this provider, and does not try again."""
        import openai

        transport = _module(openai.DefaultHttpxClient).MockTransport(self._answer)
        http = openai.DefaultHttpxClient(transport=transport)
        return openai.OpenAI(api_key="none", max_retries=0, http_client=http)

    def async_client(self) -> openai.AsyncOpenAI:
        """Make an asynchronous client that asks this provider, and does not try again."""
        import openai

        transport = _module(openai.DefaultAsyncHttpxClient).MockTransport(self._answer_later)
        http = openai.DefaultAsyncHttpxClient(transport=transport)
        return openai.AsyncOpenAI(api_key="none", max_retries=0, http_client=http)

    def _answer(self, request: Any) -> Any:  # noqa: ANN401 - httpx's or httpx2's
        if self.delay:
            time.sleep(self.delay)
        return self._response(request, iter)

    async def _answer_later(self, request: Any) -> Any:  # noqa: ANN401
        if self.delay:
            await asyncio.sleep(self.delay)
        return self._response(request, _later)

    def _response(self, request: Any, pieces: Callable[[list[bytes]], object]) -> Any:  # noqa: ANN401
        asked = json.loads(request.content)
        make, model = _module(request.__class__).Response, asked["model"]
        if model.startswith(BROKEN):
            return make(500, headers=_JSON, content=b'{"error": {"message": "on purpose", "type": "server_error"}}')
        if asked.get("stream"):
            told = bool((asked.get("stream_options") or {}).get("include_usage"))
            return make(200, headers=_SSE, content=pieces(_stream(model, self.pieces, told=told)))
        return make(200, headers=_JSON, content=_chat(model))


def _later(pieces: list[bytes]) -> AsyncIterator[bytes]:
    async def each() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return each()


@cache
def _module(kind: Any) -> Any:  # noqa: ANN401 - httpx or httpx2
    """Give the HTTP library that a class is of, or is made from."""
    found = (base.__module__.partition(".")[0] for base in kind.__mro__)
    return importlib.import_module(next(name for name in found if name.startswith("httpx")))


def _chat(model: str) -> bytes:
    return _chat_of() % _names(model)


@cache
def _chat_of() -> bytes:
    """Give the answer with places for the names: making it is no part of what is measured."""
    message = {"role": "assistant", "content": "Air scatters blue light more than red. " * 6, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return json.dumps({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}).encode()


def _stream(model: str, pieces: int, *, told: bool) -> list[bytes]:
    names = _names(model)
    return [piece % names for piece in _stream_of(pieces, told)]


@cache
def _stream_of(pieces: int, told: bool) -> list[bytes]:  # noqa: FBT001 - a key of the cache
    def events() -> Iterator[dict[str, Any]]:
        yield _chunk({"role": "assistant", "content": ""})
        for number in range(pieces):
            yield _chunk({"content": f" word{number}"})
        yield _chunk({}, "stop")
        if told:
            yield {"choices": [], "usage": _USAGE}

    head = {**_HEAD, "object": "chat.completion.chunk"}
    return [*(b"data: %s\n\n" % json.dumps({**head, **event}).encode() for event in events()), b"data: [DONE]\n\n"]


def _chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}


def _names(model: str) -> dict[bytes, bytes]:
    """Give what differs between answers: providers give each an id of its own."""
    return {b"id": b"chatcmpl-%024d" % next(_ids), b"model": json.dumps(model)[1:-1].encode()}
