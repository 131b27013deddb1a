"""Knows nothing of heliograph. Calls in every way: first 8 threads at once, then streams, tasks and processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading

import openai

QUESTION = [{"role": "user", "content": "How far is the Moon? It is about 384 400 km away."}]
client = openai.OpenAI()


def ask(model: str = "gpt-4o-mini") -> None:
    client.chat.completions.create(model=model, messages=QUESTION)


def threads() -> None:
    begun = [threading.Thread(target=ask) for _ in range(8)]
    for thread in begun:
        thread.start()
    for thread in begun:
        thread.join()


def streams() -> None:
    for _ in client.chat.completions.create(
        model="gpt-4o", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    ):
        pass
    with client.chat.completions.create(model="gpt-4o", messages=QUESTION, stream=True) as left:
        next(iter(left))


async def tasks() -> None:
    async with openai.AsyncOpenAI() as asynchronous:
        await asyncio.gather(
            *(asynchronous.chat.completions.create(model="gpt-4o-mini", messages=QUESTION) for _ in range(5))
        )


def processes() -> None:
    if os.fork() == 0:
        ask()
        os._exit(0)
    os.wait()
    for method in ("fork", "spawn"):
        child = multiprocessing.get_context(method).Process(target=ask, args=("gpt-4.1-mini",))
        child.start()
        child.join()
    subprocess.run([sys.executable, "-c", "import run_kinds; run_kinds.ask()"], check=True)


if __name__ == "__main__":
    threads()
    streams()
    asyncio.run(tasks())
    processes()
    sys.stdout.write("done\n")
