"""The metering line: work that the application's threads hand over, done in order by a thread of ours.

Reading a span, pricing it and recording a dozen numbers takes longer than the application should wait. What ends
is put on the line instead, and a daemon thread works it off, a few milliseconds later and many at a time.

Nothing is dropped: whoever finds the line full works it off, in order, before going on. Memory is bounded by the
line's length, which is much shorter for what is heavy.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MeteringLine"]

_log = logging.getLogger(__name__)

LONGEST: Final = 4096
LONGEST_HEAVY: Final = 32
"""Pieces that may wait when one is added that holds much memory: megabytes each, they would be gigabytes together."""
PAUSE: Final = 0.02
"""Seconds between waking up and working: one wake-up serves whatever arrives meanwhile."""


class MeteringLine:
    """An ordered, bounded queue with a thread that empties it. No method raises for the sake of the work."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._closed = False
        self._awake = False
        self._thread: threading.Thread | None = None
        self._begin()

    def submit(self, work: Callable[..., object], *arguments: Any, heavy: bool = False) -> None:  # noqa: ANN401 - the work's own types
        """Have `work(*arguments)` done after all that was submitted before; it may be done before this returns.

        `heavy` says that the piece holds much memory until it is done.
        """
        self._waiting.append((work, arguments))
        if self._closed or len(self._waiting) > (LONGEST_HEAVY if heavy else self._longest):
            self.settle()
        elif not self._awake:
            self._wake()

    def submit_newest(self, key: object, work: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401
        """Have `work(*arguments)` done after what waits, unless the same `key` is submitted anew by then.

        For gauges, of which only the newest value counts.
        """
        self._newest[key] = (work, arguments)
        if self._closed or len(self._newest) > self._longest:
            self.settle()
        elif not self._awake:
            self._wake()

    def settle(self) -> None:
        """Do what waits, on this thread; when this returns, all that was submitted before the call is done."""
        with self._turn:
            while self._waiting or self._newest:
                try:
                    work, arguments = self._waiting.popleft() if self._waiting else self._newest.popitem()[1]
                except (IndexError, KeyError):  # a signal's handler, on this very thread, has just done it
                    continue
                try:
                    work(*arguments)
                except Exception:  # noqa: BLE001 - must not reach the application
                    _log.debug("a piece of metering failed", exc_info=True)

    def close(self) -> None:
        """Do what waits and end the thread; what is submitted later is done at once."""
        self._closed = True
        self._bell.set()
        self.settle()

    def pause(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the piece at hand and hold the line, until this thread says `resume`."""
        return self._turn.acquire(timeout=timeout)

    def resume(self) -> None:
        """Let the line go on, after a `pause` that was granted."""
        self._turn.release()

    def after_fork(self) -> None:
        """Begin anew in a forked child: what waited is the parent's to do, and its thread and lock stayed there."""
        self._begin()

    def _begin(self) -> None:
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._newest: dict[object, tuple[Callable[..., object], tuple[Any, ...]]] = {}
        # Reentrant: work may submit, and find the line full.
        self._turn = threading.RLock()
        self._bell = threading.Event()
        self._awake = False
        self._thread = None

    def _wake(self) -> None:
        self._awake = True
        if self._thread is None:
            self._start()
        self._bell.set()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="heliograph-meter", daemon=True, args=(self._bell,))
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending, or there are no more threads
            self._thread = None
            self._closed = True
            self.settle()

    def _run(self, bell: threading.Event) -> None:
        while not self._closed and bell is self._bell:
            bell.wait()
            if not self._closed:
                time.sleep(PAUSE)
            bell.clear()
            # Before the line is emptied: whoever submits from here on either is seen below or rings again.
            self._awake = False
            self.settle()
