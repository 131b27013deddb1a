"""The calls that are made: answers, streams, refusals, many users, many models; in turn, in threads, on a loop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Literal

from benchmarks._llm import BROKEN, MESSAGES, MODEL, Provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.footprint._peers import Peer

__all__ = ["WORKS", "Caller", "Work"]

Work = Literal["chat", "stream", "errors", "users", "models"]
WORKS: Final[tuple[Work, ...]] = ("chat", "stream", "errors", "users", "models")
"""The same call again and again; streamed; refused; each for a user, session and tenant of its own; each to a model
of its own."""
_USAGE: Final = {"include_usage": True}
_BEAT: Final = 0.005


class Caller:
    """Makes calls of one peer. Times are in seconds."""

    def __init__(self, peer: Peer, *, delay: float = 0.0) -> None:
        self._peer = peer
        self._provider = Provider(delay=delay)
        self._client: Any = self._provider.client()
        self._number = itertools.count()

    def turn(self, work: Work, calls: int, threads: int = 1) -> dict[str, float]:
        """Make calls in `threads` threads at once; give the time in all, of CPU, and of a call at p50 and p99."""
        share = calls // threads
        taken: list[float] = []
        call = self._of(work)

        def make() -> None:
            mine = []
            for _ in range(share):
                started = time.perf_counter()
                call()
                mine.append(time.perf_counter() - started)
            taken.extend(mine)

        workers = [threading.Thread(target=make) for _ in range(threads)] if threads > 1 else []
        cpu, began = time.process_time(), time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if not workers:
            make()
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        taken.sort()
        return {
            "calls": len(taken),
            "wall": wall,
            "cpu": cpu,
            "p50": taken[len(taken) // 2],
            "p99": taken[int(len(taken) * 0.99)],
        }

    def loop(self, work: Work, calls: int, *, delay: float, over: float) -> dict[str, float]:
        """Make calls on a loop, begun evenly over `over` seconds, each answered after `delay`.

        `stall` is the most that a task was late that wakes up every 5 ms, `late` its 99th percentile; `busy` the most
        that the loop's thread worked between two of its beats: that one does not tell of other processes.
        """
        return asyncio.run(self._on_loop(work, calls, delay, over))

    async def _on_loop(self, work: Work, calls: int, delay: float, over: float) -> dict[str, float]:
        late: list[float] = []
        busy: list[float] = []
        client: Any = Provider(delay=delay).async_client()

        async def beat() -> None:
            while True:
                due, worked = time.perf_counter() + _BEAT, time.thread_time()
                await asyncio.sleep(_BEAT)
                late.append(time.perf_counter() - due)
                busy.append(time.thread_time() - worked)

        async def one(number: int) -> None:
            await asyncio.sleep(over * number / calls)
            with self._peer.around(MODEL, None) as tell:
                if work == "stream":
                    asked = client.chat.completions.create
                    chunk = None
                    async for chunk in await asked(  # noqa: B007 - the last one counts
                        model=MODEL, messages=MESSAGES, stream=True, stream_options=_USAGE
                    ):
                        pass
                    tell(chunk)
                else:
                    tell(await client.chat.completions.create(model=MODEL, messages=MESSAGES))

        heart = asyncio.create_task(beat())
        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(calls)))
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        await asyncio.sleep(2 * _BEAT)  # a stall at the end is told, too
        heart.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heart
        await client.close()
        late.sort()
        return {"wall": wall, "cpu": cpu, "stall": late[-1], "late": late[int(len(late) * 0.99)], "busy": max(busy)}

    def _of(self, work: Work) -> Callable[[], None]:
        match work:
            case "stream":
                return self._stream
            case "errors":
                return self._refused
            case "users":
                return lambda: self._chat(MODEL, f"user {next(self._number)}")
            case "models":
                return lambda: self._chat(f"model-{next(self._number)}", None)
            case _:
                return lambda: self._chat(MODEL, None)

    def _chat(self, model: str, user: str | None) -> None:
        with self._peer.around(model, user) as tell:
            tell(self._client.chat.completions.create(model=model, messages=MESSAGES))

    def _stream(self) -> None:
        with self._peer.around(MODEL, None) as tell:
            chunk = None
            for chunk in self._client.chat.completions.create(  # noqa: B007 - the last one counts
                model=MODEL, messages=MESSAGES, stream=True, stream_options=_USAGE
            ):
                pass
            tell(chunk)

    def _refused(self) -> None:
        with contextlib.suppress(Exception):
            self._chat(BROKEN, None)
