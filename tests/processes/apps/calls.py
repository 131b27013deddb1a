"""One call of the real client, as the applications here make it."""

from __future__ import annotations

import functools

import openai

QUESTION = [{"role": "user", "content": "How far is the Moon? It is about 384 400 km away."}]
_REQUEST = {"model": "gpt-4o-mini", "messages": QUESTION, "max_tokens": 8}


@functools.cache
def _client() -> openai.OpenAI:
    return openai.OpenAI(max_retries=0)


def ask() -> None:
    _client().chat.completions.create(**_REQUEST)


async def ask_async(client: openai.AsyncOpenAI) -> None:
    await client.chat.completions.create(**_REQUEST)
