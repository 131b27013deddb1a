"""A queue between the application's threads and delivery: bounded in items and in bytes, emptied by a thread of ours.

It takes the place of the SDK's batch processors, which bound items only (8 192 spans with an attribute of 1 MB are
8 GB), say nothing countable of what they drop, and may wait 30 s to be shut down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.telemetry._drops import Reason

__all__ = ["Bounds", "Outbox"]

_log = logging.getLogger(__name__)
Item = TypeVar("Item")

BATCH_BYTES: Final = 2_000_000
"""Bytes of memory in one batch. On the wire it is smaller; gRPC servers take 4 MiB unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of a queue: `items` and `size` (bytes) that may wait, `batch` items in a delivery, `delay` seconds before it.

    With `eager`, the delay begins with an item's arrival, and all that waits then is delivered. Otherwise the thread
    wakes up once in a delay, and for a full batch.
    """

    items: int
    size: int
    batch: int
    delay: float
    eager: bool = False


class Outbox(Generic[Item]):
    """Keeps the newest. `deliver` gets batches, oldest first, on one thread; `drop` is told how many had to go and why.

    `weigh` gives an item's bytes. An item that outweighs a batch travels alone, so that a collector that finds it too
    large refuses it and nothing else.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[list[Item]], object],
        weigh: Callable[[Item], int],
        drop: Callable[[Reason, int], None],
        bounds: Bounds,
    ) -> None:
        self._name = name
        self._deliver = deliver
        self._weigh = weigh
        self._drop = drop
        self._bounds = bounds
        self._closed = False
        self._thread: threading.Thread
        self._under_way: int
        self._begin()

    def put(self, item: Item) -> None:
        """Queue an item; never waits, and makes room by dropping the oldest."""
        weight = self._weigh(item)
        if self._closed or weight > self._bounds.size:
            self._drop("process_end" if self._closed else "too_large", 1)
            return
        gone = 0
        with self._lock:
            self._waiting.append((item, weight))
            self._size += weight
            self._accepted += 1
            while len(self._waiting) > self._bounds.items or self._size > self._bounds.size:
                self._size -= self._waiting.popleft()[1]
                gone += 1
            self._settled += gone
        if gone:
            self._drop("queue_full", gone)
        if (self._bounds.eager or self._is_full()) and not self._bell.is_set():
            self._bell.set()

    def flush(self, timeout: float) -> bool:
        """Have what waits delivered now; whether that was done, one way or the other, within `timeout` seconds."""
        if self._closed:
            return not self._waiting
        with self._lock:
            wanted = self._accepted
        self._hurried = True
        self._bell.set()
        if not self._thread.is_alive():  # in a process where no thread can start any more
            self._empty()
        with self._progress:
            return self._progress.wait_for(lambda: self._settled >= wanted, timeout)

    def close(self, timeout: float) -> None:
        """Deliver what waits within `timeout` seconds; what is left then is dropped."""
        if self._closed:
            return
        self._closed = True
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join(timeout + 0.1)  # a delivery that ends at the deadline counts for itself
        with self._lock:
            # With a delivery that still has no answer: nobody will be there to hear it.
            left = len(self._waiting) + self._under_way
            self._waiting.clear()
            self._under_way = 0
        self._drop("process_end", left)

    def after_fork(self) -> None:
        """Begin anew in a child: what waits is the parent's to deliver, and its thread stayed there."""
        self._begin()

    def _begin(self) -> None:
        # Reentrant: a signal's handler may log in the middle of `put`, on the very thread.
        self._lock = threading.RLock()
        self._progress = threading.Condition(self._lock)
        self._bell = threading.Event()
        self._waiting: deque[tuple[Item, int]] = deque()
        self._size = 0
        self._accepted = 0
        self._settled = 0
        self._under_way = 0
        self._hurried = False
        self._thread = threading.Thread(target=self._run, args=(self._bell,), name=self._name, daemon=True)
        if not self._closed:
            try:
                self._thread.start()
            except RuntimeError:
                _log.debug("no thread for %s", self._name, exc_info=True)

    def _run(self, bell: threading.Event) -> None:
        while not self._closed and bell is self._bell:
            bell.wait(None if self._bounds.eager else self._bounds.delay)
            if self._bounds.eager and not self._hurried:
                time.sleep(self._bounds.delay)  # one wake-up serves whatever arrives meanwhile
            bell.clear()
            self._empty()
        if bell is self._bell:
            self._empty()

    def _empty(self) -> None:
        """Deliver one batch, and on while there are full ones, or somebody waits for the last."""
        hurried, self._hurried = self._hurried or self._bounds.eager, False
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        try:
            while batch := self._take():
                try:
                    self._deliver(batch)
                except Exception:  # noqa: BLE001 - the thread must live on
                    _log.debug("a delivery failed", exc_info=True)
                with self._progress:
                    self._settled += len(batch)
                    self._under_way = 0
                    self._progress.notify_all()
                hurried = hurried or self._hurried
                if not self._closed and not hurried and not self._is_full():
                    return
        finally:
            detach(token)

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._bounds.batch or self._size >= BATCH_BYTES

    def _take(self) -> list[Item]:
        batch: list[Item] = []
        size = 0
        with self._lock:
            while self._waiting and len(batch) < self._bounds.batch:
                weight = self._waiting[0][1]
                if batch and size + weight > BATCH_BYTES:
                    break
                batch.append(self._waiting.popleft()[0])
                size += weight
            # Counted anew when nothing waits: a signal's handler may have come between reading and writing the sum.
            self._size = self._size - size if self._waiting else 0
            self._under_way = len(batch)
        return batch
