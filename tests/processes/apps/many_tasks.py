"""Hundreds of calls at once on one event loop: 20 queries, each of as many tasks as argv says."""

from __future__ import annotations

import asyncio
import sys

import openai
from calls import ask_async

import heliograph

heliograph.configure(service_name="app")


async def question(client: openai.AsyncOpenAI, number: int) -> None:
    async with heliograph.query("question", user_id=f"user-{number}", tenant="acme"):
        with heliograph.chain("answer"):
            await asyncio.gather(*(ask_async(client) for _ in range(int(sys.argv[1]))))


async def main() -> None:
    async with openai.AsyncOpenAI(max_retries=0, timeout=60) as client:
        await asyncio.gather(*(question(client, number) for number in range(20)))


asyncio.run(main())
