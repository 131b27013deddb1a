"""Threads of four kinds, 32 at a time, all within one query of the main thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from multiprocessing.pool import ThreadPool

from calls import ask

import heliograph

heliograph.configure(service_name="app")


def plain() -> None:
    threads = [threading.Thread(target=ask, daemon=number % 2 == 0) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pool() -> None:
    for each in [executor.submit(ask) for _ in range(32)]:
        each.result()
    list(executor.map(lambda _: ask(), range(32)))


def old_pool() -> None:
    with ThreadPool(8) as threads:
        threads.map(lambda _: ask(), range(8))
        threads.apply_async(ask).get()


async def loop() -> None:
    running = asyncio.get_running_loop()
    await asyncio.gather(*(running.run_in_executor(None, ask) for _ in range(32)))
    await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(32)))


executor = concurrent.futures.ThreadPoolExecutor(32)
for name, work in (("plain", plain), ("pool", pool), ("old", old_pool), ("loop", lambda: asyncio.run(loop()))):
    with heliograph.query(name, user_id=name), heliograph.chain(name):
        work()
# What the pools' threads do outside of any query is no part of the query that happened to start them.
executor.submit(ask).result()
