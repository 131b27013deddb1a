"""Generators of both kinds: decorated, interleaved, left early, and ended by another task."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import openai
from calls import ask, ask_async
from opentelemetry import trace

import heliograph

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

heliograph.configure(service_name="app")


@heliograph.query("decorated", user_id="decorated")
def decorated() -> Iterator[int]:
    for number in range(3):
        ask()
        yield number


@heliograph.query("async", user_id="async")
async def streaming(client: openai.AsyncOpenAI) -> AsyncIterator[int]:
    for number in range(3):
        await ask_async(client)
        yield number


def inside(user: str) -> Iterator[int]:
    with heliograph.query("inside", user_id=user):
        ask()
        yield 1


async def inside_async(client: openai.AsyncOpenAI) -> AsyncIterator[int]:
    async with heliograph.query("inside-async", user_id="inside-async"):
        await ask_async(client)
        yield 1
        yield 2


async def main() -> None:
    async with openai.AsyncOpenAI(max_retries=0) as client:
        async for _ in streaming(client):
            assert not trace.get_current_span().get_span_context().is_valid
        left = inside_async(client)
        await anext(left)
        await asyncio.create_task(left.aclose())  # as a web server does when the client has gone


for _ in zip(decorated(), decorated(), strict=False):
    assert not trace.get_current_span().get_span_context().is_valid
first, second = inside("a"), inside("b")
next(first), next(second)
del first
gc.collect()
list(second)
assert not trace.get_current_span().get_span_context().is_valid
asyncio.run(main())
ask()
