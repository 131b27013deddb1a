"""Sets heliograph up itself, before or behind the import and the client; within a query, in two chains."""

from __future__ import annotations

import importlib
import sys

QUESTION = [{"role": "user", "content": "How far is the Moon? It is about 384 400 km away."}]


def configure(when: str) -> None:
    if sys.argv[1] == when:
        importlib.import_module("heliograph").configure(service_name="own-name")


configure("before")
client = importlib.import_module("openai").OpenAI()
configure("behind")
heliograph = importlib.import_module("heliograph")

with heliograph.query("answer", user_id="u-1"):
    with heliograph.chain("retrieve"):
        client.embeddings.create(model="text-embedding-3-small", input="Moon")
    with heliograph.chain("write"):
        client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
