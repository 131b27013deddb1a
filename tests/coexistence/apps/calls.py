"""The calls of a cell, by three roads to the same provider: the client, LangChain, OpenAI's agents.

A road asks each question it is given, in a query and outside of one, with and without asyncio; then one that is
refused. Each phase has models of its own, so that the provider's ledger and the metrics tell the phases apart.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import heliograph

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ROADS"]

# Long enough for the provider to cache it: the second of these is billed at the cached price for its beginning.
LONG = "Spans have a name, a start and an end. " * 160
# One loop for all of a process: clients that are kept between calls are of the loop they were first used in.
LOOP = asyncio.Runner()
QUESTIONS = ("What is a span?", f"{LONG} What is a trace?", f"{LONG} What is a metric?")


def client(phase: str, model: str, refused: str) -> None:
    """Ask with the openai client."""
    import openai

    ours, theirs = openai.OpenAI(max_retries=0), openai.AsyncOpenAI(max_retries=0)
    _client(phase, model, refused, ours, theirs)


def langfuse_client(phase: str, model: str, refused: str) -> None:
    """Ask with Langfuse's clients, which are those of openai under another name."""
    from langfuse.openai import AsyncOpenAI, OpenAI

    _client(phase, model, refused, OpenAI(max_retries=0), AsyncOpenAI(max_retries=0))


def langsmith_client(phase: str, model: str, refused: str) -> None:
    """Ask with clients that LangSmith has wrapped."""
    import openai
    from langsmith.wrappers import wrap_openai

    plain, waiting = openai.OpenAI(max_retries=0), openai.AsyncOpenAI(max_retries=0)
    _client(phase, model, refused, wrap_openai(plain), wrap_openai(waiting))


def _client(phase: str, model: str, refused: str, plain: object, waiting: object) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}} if phase == "stream" else {}

    def ask(question: str, model: str) -> None:
        messages = [{"role": "user", "content": question}]
        answer = plain.chat.completions.create(model=model, messages=messages, **options)
        if phase == "stream":
            for _ in answer:
                pass

    async def ask_waiting(question: str, model: str) -> None:
        messages = [{"role": "user", "content": question}]
        answer = await waiting.chat.completions.create(model=model, messages=messages, **options)
        if phase == "stream":
            async for _ in answer:
                pass

    _ask_all(model, refused, ask, ask_waiting)


def langchain(phase: str, model: str, refused: str) -> None:
    """Ask with LangChain's chat model, which uses the openai client."""
    from langchain_openai import ChatOpenAI

    def chat(name: str) -> ChatOpenAI:
        return ChatOpenAI(model=name, max_retries=0, stream_usage=True)

    def ask(question: str, model: str) -> None:
        if phase == "stream":
            for _ in chat(model).stream(question):
                pass
        else:
            chat(model).invoke(question)

    async def ask_waiting(question: str, model: str) -> None:
        if phase == "stream":
            async for _ in chat(model).astream(question):
                pass
        else:
            await chat(model).ainvoke(question)

    _ask_all(model, refused, ask, ask_waiting)


def agents(phase: str, model: str, refused: str) -> None:
    """Ask with OpenAI's agents, which use the client's Responses API."""
    from agents import Agent, OpenAIResponsesModel, RunConfig, Runner
    from openai import AsyncOpenAI

    async def ask_waiting(question: str, model: str) -> None:
        agent = Agent(name="asker", model=OpenAIResponsesModel(model, AsyncOpenAI(max_retries=0)))
        if phase == "stream":
            streamed = Runner.run_streamed(agent, question, run_config=RunConfig())
            async for _ in streamed.stream_events():
                pass
        else:
            await Runner.run(agent, question)

    def ask(question: str, model: str) -> None:
        LOOP.run(ask_waiting(question, model))

    _ask_all(model, refused, ask, ask_waiting)


def _ask_all(model: str, refused: str, ask: Callable[..., None], ask_waiting: Callable[..., object]) -> None:
    with heliograph.query("asked"):
        for question in QUESTIONS:
            ask(question, model)
    ask("What is a log?", model)

    async def waiting() -> None:
        await ask_waiting("What is an exemplar?", model)
        with contextlib.suppress(Exception):
            await ask_waiting("What is refused?", refused)

    LOOP.run(waiting())
    with contextlib.suppress(Exception):
        ask("What is refused?", refused)


ROADS = {
    "agents": agents,
    "client": client,
    "langchain": langchain,
    "langfuse": langfuse_client,
    "langsmith": langsmith_client,
}
