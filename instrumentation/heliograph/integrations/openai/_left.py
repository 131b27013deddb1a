"""Loops over a stream that were left: by a caller who is gone, or by one who goes on in another loop.

`break` alone does not tell. LiteLLM reads each chunk of an asynchronous stream in a loop of its own, and an application
may look at the first chunk (`next(iter(stream))`) before it reads the rest. So a call whose loop was left ends when the
stream is closed or forgotten, when nobody has gone on reading for some seconds, or when telemetry is flushed.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from heliograph import _clock

if TYPE_CHECKING:
    from heliograph.integrations.openai._call import OpenCall

__all__ = ["after_fork", "left", "resumed", "settle"]

PATIENCE: Final = 5.0
"""Seconds within which a caller who has left a loop may go on with another."""
_TICK: Final = 1.0

_waiting: dict[OpenCall, tuple[float, int]] = {}
"""When patience ends (monotonic seconds), and when the loop was left (nanoseconds since the epoch)."""
_starting = threading.Lock()
_watcher: threading.Thread | None = None


def left(call: OpenCall) -> None:
    """Note that a loop over the call's stream was left just now."""
    global _watcher  # noqa: PLW0603 - one watcher a process, while there is something to watch
    if call.ended:
        return
    _waiting[call] = (time.monotonic() + PATIENCE, _clock.time_ns())
    if _watcher is None:
        with _starting:
            if _watcher is None:
                thread = threading.Thread(target=_watch, name="heliograph-left-streams", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the interpreter is ending, or there are no more threads
                    _give_up(call)
                else:
                    _watcher = thread


def resumed(call: OpenCall) -> None:
    """Note that somebody reads the call's stream."""
    if _waiting:
        _waiting.pop(call, None)


def settle() -> None:
    """End the calls whose loops were left: whoever asks wants to see them."""
    for call in list(_waiting):
        _give_up(call)


def after_fork() -> None:
    """Begin anew in the child of a fork: the streams are its parent's, and so is the watcher."""
    global _starting, _watcher  # noqa: PLW0603
    _waiting.clear()
    _starting = threading.Lock()
    _watcher = None


def _watch() -> None:
    global _watcher  # noqa: PLW0603
    while True:
        time.sleep(min(_TICK, PATIENCE))
        now = time.monotonic()
        for call, (deadline, _) in list(_waiting.items()):
            if call.ended:
                _waiting.pop(call, None)
            elif now >= deadline:
                _give_up(call)
        with _starting:
            if not _waiting:
                _watcher = None
                return


def _give_up(call: OpenCall) -> None:
    found = _waiting.pop(call, None)
    if found is not None:
        call.end_early(at=found[1])
