"""Context managers that are decorators too, for functions, coroutines and generators of both kinds."""

from __future__ import annotations

import functools
import inspect
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from opentelemetry import context as otel_context

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from contextvars import Token
    from types import TracebackType

    from opentelemetry.context import Context

__all__ = ["Scope", "outcome"]

Handle = TypeVar("Handle")
Function = TypeVar("Function", bound="Callable[..., Any]")

_PLACE_KEY: Final = otel_context.create_key("heliograph-place")


class _Place:
    """Where a scope was entered: what to go back to, and whether its code has ended."""

    __slots__ = ("before", "left")

    def __init__(self, before: Context) -> None:
        self.before = before
        self.left = False


def outcome(error: BaseException | None) -> tuple[str, str | None]:
    """Status and error type of code that ended with `error` (None: it returned)."""
    if error is None:
        return "success", None
    import asyncio

    if isinstance(error, (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)):
        return "cancelled", None
    return "error", type(error).__qualname__


class Scope(ABC, Generic[Handle]):
    """A stretch of code with a start and an end.

    One object may be used as a decorator any number of times, also concurrently: each run gets a copy. As a
    context manager it is used once at a time. It ends in the process that began it: a child that was forked within
    leaves it without a trace.
    """

    _token: Token[Context] | None = None
    _place: _Place | None = None
    _pid = 0

    @abstractmethod
    def _copy(self) -> Scope[Handle]:
        """Make a fresh scope of the same kind."""

    @abstractmethod
    def _begin(self) -> tuple[Handle, Context]:
        """Start; return what `as` binds and the context that the code runs in."""

    @abstractmethod
    def _finish(self, error: BaseException | None) -> None:
        """End, with the exception that leaves the code, if any."""

    def __enter__(self) -> Handle:
        handle, context = self._open()
        self._place = _Place(otel_context.get_current())
        self._token = otel_context.attach(otel_context.set_value(_PLACE_KEY, self._place, context))
        return handle

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, trace
        self._leave()
        self._close(error)

    async def __aenter__(self) -> Handle:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Decorate a function, coroutine function, generator or asynchronous generator."""
        if inspect.isasyncgenfunction(function):
            wrapper = self._around_async_generator(function)
        elif inspect.iscoroutinefunction(function):
            wrapper = self._around_coroutine(function)
        elif inspect.isgeneratorfunction(function):
            wrapper = self._around_generator(function)
        else:
            wrapper = self._around_function(function)
        return cast("Function", functools.wraps(function)(wrapper))

    def _open(self) -> tuple[Handle, Context]:
        self._pid = os.getpid()
        return self._begin()

    def _close(self, error: BaseException | None) -> None:
        if self._pid == os.getpid():
            self._finish(error)

    def _leave(self) -> None:
        """Go back to the context before.

        Generators with a `with` inside may end in another order than they began, and in another task. Back in the
        context of a scope that has ended meanwhile, go on to the one before that; in another task, touch nothing.
        """
        token, place = self._token, self._place
        if token is None or place is None:
            return
        self._token = self._place = None
        place.left = True
        try:
            # Not the public detach(), which logs an error where this is no error.
            otel_context._RUNTIME_CONTEXT.detach(token)  # noqa: SLF001
        except (RuntimeError, ValueError):
            return
        ended = otel_context.get_value(_PLACE_KEY)
        while isinstance(ended, _Place) and ended.left:
            otel_context.attach(ended.before)
            ended = otel_context.get_value(_PLACE_KEY)

    def _around_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: object, **kwargs: object) -> Any:  # noqa: ANN401 - the function's own type
            with self._copy():
                return function(*args, **kwargs)

        return wrapper

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def wrapper(*args: object, **kwargs: object) -> Any:  # noqa: ANN401
            with self._copy():
                return await function(*args, **kwargs)

        return wrapper

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: object, **kwargs: object) -> Generator[Any, Any, Any]:
            scope = self._copy()
            _, context = scope._open()  # noqa: SLF001
            generator = function(*args, **kwargs)
            sent: Any = None
            thrown: BaseException | None = None
            try:
                while True:
                    # The scope's context holds while the generator works, not while its consumer does.
                    token = otel_context.attach(context)
                    try:
                        item = generator.throw(thrown) if thrown is not None else generator.send(sent)
                    finally:
                        otel_context.detach(token)
                    thrown = None
                    try:
                        sent = yield item
                    except GeneratorExit:
                        generator.close()
                        raise
                    except BaseException as error:  # noqa: BLE001 - handed on to the generator
                        sent, thrown = None, error
            except StopIteration as stop:
                scope._close(None)  # noqa: SLF001
                return stop.value
            except BaseException as error:
                scope._close(error)  # noqa: SLF001
                raise

        return wrapper

    def _around_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def wrapper(*args: object, **kwargs: object) -> AsyncGenerator[Any, Any]:
            scope = self._copy()
            _, context = scope._open()  # noqa: SLF001
            generator = function(*args, **kwargs)
            sent: Any = None
            thrown: BaseException | None = None
            try:
                while True:
                    token = otel_context.attach(context)
                    try:
                        item = await (generator.athrow(thrown) if thrown is not None else generator.asend(sent))
                    finally:
                        otel_context.detach(token)
                    thrown = None
                    try:
                        sent = yield item
                    except GeneratorExit:
                        await generator.aclose()
                        raise
                    except BaseException as error:  # noqa: BLE001 - handed on to the generator
                        sent, thrown = None, error
            except StopAsyncIteration:
                scope._close(None)  # noqa: SLF001
            except BaseException as error:
                scope._close(error)  # noqa: SLF001
                raise

        return wrapper
