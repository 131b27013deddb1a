"""A LangChain agent with a tool: several layers report each call of the model."""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

import heliograph

heliograph.configure("langchain-agent")


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"It is sunny in {city}."


agent = create_agent(ChatOpenAI(model="gpt-4o-mini"), [weather])
with heliograph.query("agent", user_id="u-2"):
    for question in ("What is the weather in Paris?", "Say hello."):
        agent.invoke({"messages": [{"role": "user", "content": question}]})
