"""An application on the openai client: plain and streamed answers, a tool, embeddings, and a stream left early."""

from __future__ import annotations

import openai

import heliograph

heliograph.configure("openai-client")
client = openai.OpenAI()

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def ask(text: str, **more: object) -> object:
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="gpt-4o-mini", messages=messages, **more)  # type: ignore[call-overload]


with heliograph.query("mixed", user_id="u-1"):
    ask("What is a span?")
    ask("What is the weather in Paris?", tools=[TOOL])
    for _ in ask("What is a trace?", stream=True):  # type: ignore[attr-defined]
        pass
    client.embeddings.create(model="text-embedding-3-small", input=["one text", "another text"])
    client.responses.create(model="gpt-4.1-mini", input="What is a metric?")
