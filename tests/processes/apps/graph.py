"""A LangGraph application: asynchronous and synchronous nodes, side by side, and streamed."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, TypedDict

import openai
from calls import ask, ask_async
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

import heliograph

heliograph.configure(service_name="app")


class State(TypedDict):
    done: Annotated[list[str], operator.add]


async def plan(_: State) -> State:
    with heliograph.chain("plan"):
        await ask_async(client)
    return {"done": ["plan"]}


async def search(_: State) -> State:
    with heliograph.chain("search"):
        await asyncio.gather(ask_async(client), asyncio.to_thread(ask))
    return {"done": ["search"]}


def write(_: State) -> State:
    with heliograph.chain("write"):
        ask()
    return {"done": ["write"]}


graph = StateGraph(State)
for node in (plan, search, write):
    graph.add_node(node.__name__, node)
graph.add_edge(START, "plan")
graph.add_conditional_edges("plan", lambda _: [Send("search", {"done": []}) for _ in range(4)], ["search"])
graph.add_edge("search", "write")
graph.add_edge("write", END)
agent = graph.compile()
client = openai.AsyncOpenAI(max_retries=0)


async def run(user: str) -> None:
    async with heliograph.query("graph", user_id=user):
        async for _ in agent.astream({"done": []}):
            pass


async def main() -> None:
    await asyncio.gather(*(run(f"u{number}") for number in range(5)))


asyncio.run(main())
# From synchronous code, where LangGraph runs nodes on threads of its own.
only = StateGraph(State)
only.add_node("write", write)
only.add_node("again", write)
only.add_edge(START, "write")
only.add_edge(START, "again")
with heliograph.query("graph", user_id="u5"):
    only.compile().invoke({"done": []})
