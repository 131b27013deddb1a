"""Running until someone says that it is enough."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["until_told"]

_ENDS: Final = {signal.SIGINT, signal.SIGTERM}


@contextlib.contextmanager
def until_told() -> Iterator[Callable[[], None]]:
    """Give a function that waits for Ctrl-C or SIGTERM; for a process's main thread, around all that it starts.

    A second signal does not interrupt the end: whoever has no time for that has SIGKILL.
    """
    # Blocked before any thread starts, so that all inherit it and only the wait below takes them.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)

    def wait() -> None:
        signal.sigwait(_ENDS)

    try:
        yield wait
    finally:
        while signal.sigpending() & _ENDS:
            wait()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
