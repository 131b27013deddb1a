"""Knows nothing of heliograph. Makes a call, and ends as argv says."""

from __future__ import annotations

import sys
import time

import openai

QUESTION = [{"role": "user", "content": "How far is the Moon? It is about 384 400 km away."}]
client = openai.OpenAI(max_retries=1)


def ask(model: str = "gpt-4o-mini") -> None:
    client.chat.completions.create(model=model, messages=QUESTION)


end = sys.argv[1]
ask()
if end == "wait":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    time.sleep(60)
elif end == "call":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ask("gpt-4o")  # the test makes it slow
elif end == "raise":
    ask("nobody-serves-this")
elif end == "exit":
    sys.exit(7)
