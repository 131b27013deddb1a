"""A FastAPI application: a call in the endpoint, one in each of two background tasks, and one in a streamed answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import openai
from calls import ask, ask_async
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse

import heliograph

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

heliograph.configure(service_name="app")
app = FastAPI()
client = openai.AsyncOpenAI(max_retries=0)


@app.get("/")
def ready() -> str:
    return "ok"


@app.get("/ask")
async def answer(user: str, tasks: BackgroundTasks) -> StreamingResponse:
    with heliograph.query("ask", user_id=user), heliograph.chain("web"):
        await asyncio.gather(ask_async(client))
        tasks.add_task(ask)
        tasks.add_task(ask_async, client)

        async def words() -> AsyncIterator[str]:
            yield "ok"
            await ask_async(client)

        return StreamingResponse(words(), background=tasks)
