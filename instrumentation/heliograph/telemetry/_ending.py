"""The ends of a process: normal, by SIGTERM, by an unhandled exception; and its forks."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from heliograph.telemetry._runtime import Runtime

__all__ = ["watch"]


def watch(current: Callable[[], Runtime | None]) -> None:
    """Flush and close what `current()` gives whenever the process ends; renew it in forked children."""

    def at_exit() -> None:
        runtime = current()
        if runtime is not None:
            runtime.close(runtime.settings.exit_timeout, clean=not _crashed())

    atexit.register(at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _in_child(current))
    _watch_multiprocessing(at_exit)
    _watch_sigterm(current, at_exit)


def _crashed() -> bool:
    """Whether an unhandled exception ends the process: the interpreter then leaves it in `sys`."""
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return error is not None and not isinstance(error, (KeyboardInterrupt, SystemExit)) and not hasattr(sys, "ps1")


def _in_child(current: Callable[[], Runtime | None]) -> None:
    runtime = current()
    if runtime is not None:
        with contextlib.suppress(Exception):
            runtime.after_fork()


def _watch_multiprocessing(at_exit: Callable[[], None]) -> None:
    """Children of `multiprocessing` leave through `os._exit`, past `atexit`: use its own list of finalizers."""
    from multiprocessing import util

    def in_child(_: object) -> None:
        util.Finalize(None, at_exit, exitpriority=0)

    util.register_after_fork(_marker, in_child)


class _Marker:
    """Something that lives as long as the module: multiprocessing's registry holds weak references."""


_marker: Final = _Marker()


def _watch_sigterm(current: Callable[[], Runtime | None], at_exit: Callable[[], None]) -> None:
    """Flush on SIGTERM where its default action would end the process; a handler of the user's is left alone."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGTERM"):
        return
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def handle(number: int, frame: FrameType | None) -> Any:  # noqa: ANN401
        del frame
        # On a thread: this one may hold, right here, a lock that the flush wants.
        worker = threading.Thread(target=at_exit, name="heliograph-sigterm", daemon=True)
        with contextlib.suppress(RuntimeError):
            worker.start()
            runtime = current()
            worker.join((runtime.settings.exit_timeout if runtime is not None else 0.0) + 1)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGTERM, handle)
