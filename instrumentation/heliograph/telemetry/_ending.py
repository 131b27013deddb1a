"""The ends of a process: normal, by SIGTERM, by an unhandled exception, by `os._exit` in a child; and its forks."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import wrapt

from heliograph.telemetry._fork import quiet_moment

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
    _watch_forks(current, at_exit)
    _watch_multiprocessing(at_exit)
    _watch_sigterm(_Terminated(current, at_exit))


def _crashed() -> bool:
    """Whether an unhandled exception ends the process: the interpreter then leaves it in `sys`."""
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return error is not None and not isinstance(error, (KeyboardInterrupt, SystemExit)) and not hasattr(sys, "ps1")


def _watch_forks(current: Callable[[], Runtime | None], at_exit: Callable[[], None]) -> None:
    if not hasattr(os, "register_at_fork"):
        return
    held = threading.local()

    def before() -> None:
        runtime = current()
        held.go_on = None
        with contextlib.suppress(Exception):
            if runtime is not None:
                held.go_on = quiet_moment(runtime.line, runtime.unforkable_requests)

    def in_parent() -> None:
        go_on, held.go_on = held.go_on, None
        if go_on is not None:
            with contextlib.suppress(Exception):
                go_on()

    def in_child() -> None:
        held.go_on = None
        runtime = current()
        if runtime is not None:
            with contextlib.suppress(Exception):
                runtime.after_fork()
                _watch_hard_exit(current, at_exit)

    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)


def _watch_hard_exit(current: Callable[[], Runtime | None], at_exit: Callable[[], None]) -> None:
    """Flush before `os._exit` too, but only in a forked child, where that is the usual end (pools, Celery).

    Elsewhere it means "now": there it stays what it was.
    """
    if isinstance(os._exit, wrapt.FunctionWrapper):
        return

    def leave(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        _on_a_thread(current, at_exit, "heliograph-exit")
        return wrapped(*args, **kwargs)

    wrapt.wrap_function_wrapper(os, "_exit", leave)


def _watch_multiprocessing(at_exit: Callable[[], None]) -> None:
    """Children of `multiprocessing` leave through `os._exit`, past `atexit`: use its own list of finalizers."""
    from multiprocessing import process, util

    def in_child(_: object) -> None:
        util.Finalize(None, at_exit, exitpriority=0)

    util.register_after_fork(_marker, in_child)
    if process.parent_process() is not None:  # this is such a child, configured after it was made
        in_child(None)


class _Marker:
    """Something that lives as long as the module: multiprocessing's registry holds weak references."""


_marker: Final = _Marker()


class _Terminated:
    """A handler of SIGTERM for where its default action would end the process: flush, then let it."""

    def __init__(self, current: Callable[[], Runtime | None], at_exit: Callable[[], None]) -> None:
        self._current = current
        self._at_exit = at_exit
        self._set: Callable[..., Any] = signal.signal

    def install(self) -> None:
        """Take the place of the default action; raises ValueError on any thread but the main one."""
        self._set(signal.SIGTERM, self)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del frame
        runtime = self._current()
        if runtime is not None and runtime.closing_here:
            return  # the process is ending already, and this very thread is about to be done
        # On a thread: this one may hold, right here, a lock that the flush wants.
        _on_a_thread(self._current, self._at_exit, "heliograph-sigterm")
        self._set(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _watch_sigterm(terminated: _Terminated) -> None:
    """Flush on SIGTERM wherever nobody else handles it; a handler of the user's is left alone.

    Servers install handlers, import the application, restore what was there before and raise the signal again
    (uvicorn does): the default action that they restore is ours from then on.
    """
    if not hasattr(signal, "SIGTERM"):
        return

    def put(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        if args == (signal.SIGTERM, signal.SIG_DFL) and not kwargs:
            args = (signal.SIGTERM, terminated)
        return wrapped(*args, **kwargs)

    wrapt.wrap_function_wrapper(signal, "signal", put)
    with contextlib.suppress(ValueError, OSError):
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            terminated.install()


def _on_a_thread(current: Callable[[], Runtime | None], work: Callable[[], None], name: str) -> None:
    """Run `work` on a thread, and wait for it no longer than the end of the process may take."""
    worker = threading.Thread(target=work, name=name, daemon=True)
    with contextlib.suppress(RuntimeError):
        worker.start()
        runtime = current()
        worker.join((runtime.settings.exit_timeout if runtime is not None else 0.0) + 1)
