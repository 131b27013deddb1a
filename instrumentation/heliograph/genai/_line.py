"""The metering line: work that the application's threads hand over, done in order by a thread of ours.

Reading a span, pricing it and recording a dozen numbers takes longer than the application should wait. What ends
is put on the line instead, and a daemon thread works it off, a tenth of a second later and many at a time.

Nothing is dropped: whoever finds the line full waits until there is room for its piece, first come, first served, and
works at the line if nobody does. Nobody waits for the whole line: of thousands of pieces, that would be seconds. Memory
is bounded by the line's length, which is much shorter for what is heavy.
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
PAUSE: Final = 0.1
"""Seconds between waking up and working: one wake-up serves whatever arrives meanwhile.

Each costs some 0.3 ms: counters are told, limits are written. What was done is sent about a second later anyway.
"""
SLACK: Final = 64
"""Pieces after which those who wait for room are woken up: each time costs every one of them a look."""
LOT: Final = 256
"""Pieces after which what is kept until the line is empty is done all the same."""
PATIENCE: Final = 0.1
"""Seconds after which whoever waits for room looks itself whether there is some, and whether anybody works."""


class MeteringLine:
    """An ordered, bounded queue with a thread that empties it. No method raises for the sake of the work."""

    def __init__(self, longest: int = LONGEST, pause: float = PAUSE) -> None:
        self._longest = longest
        self._pause = pause
        self._closed = False
        self._awake = False
        self._thread: threading.Thread | None = None
        self.finish: Callable[[], object] | None = None
        """Done when the line is empty, before anybody who settles is told that it is, and every `LOT` pieces."""
        self._begin()

    def submit(self, work: Callable[..., object], *arguments: Any, heavy: bool = False) -> None:  # noqa: ANN401 - the work's own types
        """Have `work(*arguments)` done after all that was submitted before; it may be done before this returns.

        `heavy` says that the piece holds much memory until it is done.
        """
        self._waiting.append((work, arguments))
        if self._closed:
            self.settle()
        elif heavy and len(self._waiting) > LONGEST_HEAVY:
            with self._turn:
                self._work_off(self._done + len(self._waiting) - LONGEST_HEAVY)
        elif len(self._waiting) > self._longest:
            self._wait_until(self._done + len(self._waiting) - self._longest)
        elif not self._awake:
            self._wake()

    def submit_newest(self, key: object, work: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401
        """Have `work(*arguments)` done when the line is empty, unless the same `key` is submitted anew by then.

        For gauges, of which only the newest value counts. It waits for `LOT` pieces at most.
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
                self._work_off(None)
                self._work_off_newest()
            self._finish()

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

    def _wait_until(self, done: int) -> None:
        """Wait until so many pieces are done since the beginning; do them where nobody else does."""
        turn = self._turn  # the same one to the end, whatever a fork does to this object meanwhile
        while self._waiting and self._done < done:
            if turn.acquire(blocking=False):
                try:
                    self._work_off(done)
                finally:
                    turn.release()
            else:
                with self._room:
                    self._crowded = True
                    if self._done < done:
                        self._room.wait(PATIENCE)

    def _work_off(self, done: int | None) -> None:
        """Do the oldest pieces, until so many are done since the beginning (None: all). The caller has the turn."""
        while self._waiting and (done is None or self._done < done):
            try:
                work, arguments = self._waiting.popleft()
            except IndexError:  # a signal's handler, on this very thread, has just done it
                break
            _do(work, arguments)
            self._done += 1
            if self._done % LOT == 0:  # where more comes in than is done, the line is never empty
                self._work_off_newest()
                self._finish()
            if self._crowded and self._done % SLACK == 0:
                self._call_in()
        if self._crowded:
            self._call_in()

    def _work_off_newest(self) -> None:
        for _ in range(len(self._newest)):  # not those that come meanwhile: others wait, too
            try:
                _, (work, arguments) = self._newest.popitem()
            except KeyError:  # a signal's handler, as above
                break
            _do(work, arguments)

    def _finish(self) -> None:
        if self.finish is not None:
            _do(self.finish, ())

    def _call_in(self) -> None:
        self._crowded = False
        with self._room:
            self._room.notify_all()

    def _begin(self) -> None:
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._newest: dict[object, tuple[Callable[..., object], tuple[Any, ...]]] = {}
        # Reentrant: work may submit, and find the line full.
        self._turn = threading.RLock()
        self._room = threading.Condition(threading.RLock())
        self._crowded = False
        self._done: int = 0
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
                time.sleep(self._pause)
            bell.clear()
            # Before the line is emptied: whoever submits from here on either is seen below or rings again.
            self._awake = False
            self.settle()


def _do(work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    try:
        work(*arguments)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("a piece of metering failed", exc_info=True)
