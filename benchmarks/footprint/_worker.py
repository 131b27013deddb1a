"""A process of one peer, `_worker KIND ENDPOINT [locks]`: a line of JSON on stdin asks, one on stdout answers."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import sys
import tracemalloc
from typing import Any

import psutil

from benchmarks.footprint import _locks
from benchmarks.footprint._calls import Caller
from benchmarks.footprint._peers import Kind, peer


def main() -> None:
    """Answer until stdin ends."""
    kind: Any = sys.argv[1]
    if sys.argv[3:] == ["locks"]:
        _locks.watch()
    worker = Worker(kind, sys.argv[2])
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        print(json.dumps(getattr(worker, asked.pop("do"))(**asked)), flush=True)


class Worker:
    """What a process can be asked to do."""

    def __init__(self, kind: Kind, endpoint: str) -> None:
        self._peer = peer(kind, endpoint)
        self._caller = Caller(self._peer)
        self.turn = self._caller.turn
        self.loop = self._caller.loop
        self.locks = _locks.waits
        self._process = psutil.Process()
        self._before: tracemalloc.Snapshot | None = None

    def memory(self, *, settled: bool = True) -> dict[str, int]:
        """Give the resident bytes, the blocks that Python has allocated, and the bytes that it traces."""
        if settled:
            self._peer.settle()
            gc.collect()
            _give_back()
        traced, _ = tracemalloc.get_traced_memory()
        return {"rss": self._process.memory_info().rss, "blocks": sys.getallocatedblocks(), "traced": traced}

    def trace(self) -> None:
        """Have allocations traced from now on."""
        tracemalloc.start(1)

    def mark(self) -> None:
        """Take down what is allocated."""
        self._before = tracemalloc.take_snapshot()

    def grown(self, lines: int = 8) -> list[str]:
        """Give the lines of code whose allocations have grown most since the mark."""
        if self._before is None:
            return []
        found = tracemalloc.take_snapshot().compare_to(self._before, "lineno")
        return [str(each) for each in sorted(found, key=lambda each: -each.size_diff)[:lines]]


def _give_back() -> None:
    """Have the allocator return what is free, where it is glibc's: it keeps up to a MiB or two, or not, by chance."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


if __name__ == "__main__":
    main()
