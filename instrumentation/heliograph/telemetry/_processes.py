"""Context and configuration follow work into processes made with `multiprocessing` and `ProcessPoolExecutor`.

A forked child has both from its parent. A spawned one (and one of a fork server, the default on Linux from Python
3.14) has neither, unless its main module configures at import: it is given them with what it is sent to do. And a
worker of a pool serves everybody: it must not stay within the query that happened to be running when it was forked.

What the children count is theirs: the ids and the chain are on their calls and spans, but the query's own cost and
number of calls are those of the process that it runs in.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import wrapt
from opentelemetry import context as otel_context
from opentelemetry import propagate
from opentelemetry.context import Context

from heliograph.genai._run import CHAIN_KEY, RUN_KEY, QueryIds, QueryRun, chain_of, run_of
from heliograph.telemetry._threads import serves_everyone, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.telemetry._settings import Settings

__all__ = ["Parcel", "follow"]

_log = logging.getLogger(__name__)
_POOL_METHODS: Final = ("apply_async", "_map_async", "imap", "imap_unordered")
_following = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a process gives to another: the trace (as its propagator writes it), the query, the chain, the settings."""

    headers: dict[str, str] = field(default_factory=dict)
    ids: QueryIds | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    trace_id: str = ""
    chain: str | None = None
    settings: Settings | None = None

    @classmethod
    def pack(cls, settings: Settings | None) -> Parcel:
        """Pack the current context."""
        headers: dict[str, str] = {}
        propagate.inject(headers)
        run = run_of()
        if run is None:
            return cls(headers, chain=chain_of(), settings=settings)
        return cls(headers, run.ids, run.attributes, run.trace_id, chain_of(), settings)

    def context(self) -> Context:
        """Make the context again, on top of an empty one."""
        context = propagate.extract(self.headers, Context())
        if self.ids is not None:
            run = QueryRun(self.ids, trace_id=self.trace_id, attributes=dict(self.attributes))
            context = otel_context.set_value(RUN_KEY, run, context)
        return context if self.chain is None else otel_context.set_value(CHAIN_KEY, self.chain, context)


class _Luggage:
    """Hangs on a `Process` object; where that is unpickled, in a child that was not forked, it unpacks itself."""

    def __init__(self, parcel: Parcel) -> None:
        self._parcel = parcel

    def __reduce__(self) -> tuple[Callable[[Parcel], None], tuple[Parcel]]:
        return _arrive, (self._parcel,)


class _Carried:
    """A pool's task with the context it was submitted in; calls the task within it."""

    def __init__(self, parcel: Parcel, task: Callable[..., Any]) -> None:
        self._parcel = parcel
        self._task = task

    def __call__(self, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - the task's own type
        try:
            context = self._parcel.context()
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a task runs without its context", exc_info=True)
            return self._task(*args, **kwargs)
        return within(context, self._task)(*args, **kwargs)


def follow(settings: Callable[[], Settings | None]) -> None:
    """Have context, and what `settings()` gives, follow work into processes from now on. Done once."""
    global _following  # noqa: PLW0603 - one process, one set of wrappers
    if _following:
        return
    _following = True

    def start(wrapped: Callable[..., Any], process: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        work = getattr(process, "_target", None) or type(process)
        pooled = serves_everyone(work, daemon=False)
        token = otel_context.attach(Context()) if pooled else None
        try:
            process._heliograph = _Luggage(Parcel.pack(settings()))  # noqa: SLF001
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a process starts without its context", exc_info=True)
        try:
            return wrapped(*args, **kwargs)
        finally:
            vars(process).pop("_heliograph", None)
            if token is not None:
                otel_context.detach(token)

    def wrap_process(module: Any) -> None:  # noqa: ANN401
        _wrap(module, "BaseProcess.start", start)

    wrapt.register_post_import_hook(wrap_process, "multiprocessing.process")
    wrapt.register_post_import_hook(_wrap_executor, "concurrent.futures.process")
    wrapt.register_post_import_hook(_wrap_pool, "multiprocessing.pool")


def _arrive(parcel: Parcel) -> None:
    """Unpack in the child: configure it unless its main module has, and stay within the context for good."""
    try:
        if parcel.settings is not None:
            from heliograph.telemetry._api import inherit

            inherit(parcel.settings)
        otel_context.attach(parcel.context())
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("a process runs without its context", exc_info=True)


def _wrap_executor(module: Any) -> None:  # noqa: ANN401
    _wrap(module, "ProcessPoolExecutor.submit", _submit)


def _wrap_pool(module: Any) -> None:  # noqa: ANN401
    def submit(wrapped: Callable[..., Any], pool: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        context = otel_context.get_current()
        if not context or not args:
            return wrapped(*args, **kwargs)
        threads = isinstance(pool, module.ThreadPool)
        task = within(context, args[0]) if threads else _carry(args[0])
        return wrapped(task, *args[1:], **kwargs)

    for name in _POOL_METHODS:
        _wrap(module, f"Pool.{name}", submit)


def _submit(wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    if args and otel_context.get_current():
        args = (_carry(args[0]), *args[1:])
    return wrapped(*args, **kwargs)


def _carry(task: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return _Carried(Parcel.pack(None), task)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("a task goes without its context", exc_info=True)
        return task


def _wrap(module: Any, name: str, wrapper: Callable[..., Any]) -> None:  # noqa: ANN401
    try:
        wrapt.wrap_function_wrapper(module, name, wrapper)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.warning("context does not follow through %s.%s", module.__name__, name, exc_info=True)
