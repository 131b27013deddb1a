"""Context follows work into threads: what a query starts on a thread or hands to a pool belongs to the query.

`contextvars`, which carry OpenTelemetry's context, reach tasks of asyncio by themselves, but no thread (before
Python 3.14's `thread_inherit_context`). So the few places where work goes to a thread hand it on:

- `Thread.start`, except for threads that serve everybody: a worker of a pool, an event loop, a library's exporter.
  Such a thread outlives the query that happened to need it first; all later spans made there would be that query's;
- `ThreadPoolExecutor.submit` (also behind `map` and `loop.run_in_executor`) and `multiprocessing.pool.ThreadPool`,
  for each task its own;
- Starlette's background tasks and streamed responses, which run when the endpoint has returned.

Outside of any span nothing is done but a look at the current context. `opentelemetry-instrumentation-threading`,
where it is active already, is left to do its part: it carries the context into every thread.
"""

from __future__ import annotations

import concurrent.futures
import functools
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import wrapt
from opentelemetry.context import attach, detach, get_current

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context

__all__ = ["follow", "serves_everyone", "within"]

_log = logging.getLogger(__name__)
_following = False

# Threads of these serve whoever comes, whether they are daemons or not.
_SERVERS: Final = (
    "anyio",
    "asyncio.base_events",
    "concurrent.futures",
    "grpc",
    "heliograph",
    "langsmith",
    "logging",
    "multiprocessing",
    "opentelemetry",
    "socketserver",
    "uvloop",
)
_LIBRARIES: Final = ("/site-packages/", "/dist-packages/", "\\site-packages\\")


def follow() -> None:
    """Have context follow work into threads from now on. Done once; what cannot be wrapped is left as it is."""
    global _following  # noqa: PLW0603 - one process, one set of wrappers
    if _following:
        return
    _following = True
    if not isinstance(vars(concurrent.futures.ThreadPoolExecutor)["submit"], wrapt.FunctionWrapper):
        _wrap(threading, "Thread.start", _start)
        _wrap(concurrent.futures, "ThreadPoolExecutor.submit", _submit)
    wrapt.register_post_import_hook(_wrap_starlette_tasks, "starlette.background")
    wrapt.register_post_import_hook(_wrap_starlette_streams, "starlette.responses")


def within(context: Context, function: Callable[..., Any]) -> Callable[..., Any]:
    """Give `function` as it runs within `context`, whatever thread runs it."""
    return functools.partial(_run_within, context, function)


def serves_everyone(work: object, *, daemon: bool) -> bool:
    """Whether a thread or process that does `work` (a callable, or its class) outlives what starts it.

    So do those of `_SERVERS`, and daemons of installed libraries: exporters, pollers, schedulers.
    """
    while isinstance(work, functools.partial):
        work = work.func
    module = getattr(work, "__module__", None) or type(getattr(work, "__self__", None)).__module__
    if any(module == name or module.startswith(name + ".") for name in _SERVERS):
        return True
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return daemon and any(part in file for part in _LIBRARIES)


def _run_within(context: Context, function: Callable[..., Any], /, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - the function's own type
    token = attach(context)
    try:
        return function(*args, **kwargs)
    finally:
        detach(token)


def _start(wrapped: Callable[..., Any], thread: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    context = get_current()
    if context:
        try:
            work = getattr(thread, "function", None) if isinstance(thread, threading.Timer) else thread._target  # noqa: SLF001
            if not serves_everyone(work or type(thread), daemon=thread.daemon):
                # On the object rather than on the class: a subclass that defines `run` is met too.
                thread.run = functools.partial(_run_once, thread, context, thread.run)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a thread starts without its context", exc_info=True)
    return wrapped(*args, **kwargs)


def _run_once(thread: Any, context: Context, run: Callable[[], None]) -> None:  # noqa: ANN401
    del thread.run  # a finished thread keeps no query alive
    _run_within(context, run)


def _submit(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    context = get_current()
    if context and args:
        args = (within(context, args[0]), *args[1:])
    return wrapped(*args, **kwargs)


def _wrap_starlette_tasks(module: Any) -> None:  # noqa: ANN401
    _wrap(module, "BackgroundTask.__init__", _remember)
    _wrap(module, "BackgroundTask.__call__", _resume)


def _wrap_starlette_streams(module: Any) -> None:  # noqa: ANN401
    _wrap(module, "StreamingResponse.__init__", _remember)
    _wrap(module, "StreamingResponse.__call__", _resume)


def _remember(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    instance._heliograph_context = get_current()  # noqa: SLF001
    return wrapped(*args, **kwargs)


async def _resume(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    context = getattr(instance, "_heliograph_context", None)
    if not context:
        return await wrapped(*args, **kwargs)
    token = attach(context)
    try:
        return await wrapped(*args, **kwargs)
    finally:
        detach(token)


def _wrap(module: Any, name: str, wrapper: Callable[..., Any]) -> None:  # noqa: ANN401
    try:
        wrapt.wrap_function_wrapper(module, name, wrapper)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.warning("context does not follow through %s.%s", module.__name__, name, exc_info=True)
