"""Streams: looked at from inside, so that the application keeps the very object the client made.

The iterator within a `Stream` is replaced by one that hands on the same chunks. A call ends when

- the iterator ends or raises;
- a loop over the stream is left (`break`, or an exception in its body) and nobody goes on reading: see `_left`;
- the response is closed, by `close()`, the end of a `with`, or the helpers of `.stream()`, which close it directly;
- the stream is forgotten: found by the garbage collector, or when the process ends.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import _sink
from heliograph.integrations.openai import _left

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator

    from heliograph.integrations.openai._call import OpenCall
    from heliograph.integrations.openai._chunks import Chunks

__all__ = ["async_loop", "attach", "forgotten", "hook_close", "keep", "loop", "unhook"]

_log = logging.getLogger("heliograph.integrations")

_open: set[OpenCall] = set()
_watching = False

_ATTRIBUTE: Final = "_heliograph_call"
_DEEPEST: Final = 48
"""Frames between an iterator and the `close()` of its response."""


def attach(stream: Any, call: OpenCall, chunks: Chunks) -> None:  # noqa: ANN401 - of either major version
    """Observe a stream of the client's that has not begun. Raises when the client's insides have changed."""
    inner = stream._iterator  # noqa: SLF001 - no other way to keep the object and its type
    call.release()  # a raw response, parsed after all: its bytes need no watching
    if hasattr(inner, "__anext__"):
        hook_close(stream.response, "aclose", call, inner)
        stream._iterator = _watch_async(inner, call, chunks)  # noqa: SLF001
    else:
        hook_close(stream.response, "close", call, inner)
        stream._iterator = _watch(inner, call, chunks)  # noqa: SLF001
    setattr(stream, _ATTRIBUTE, call)
    keep(stream, call)
    call.chunks = chunks


def keep(holder: object, call: OpenCall) -> None:
    """End the call when `holder` is forgotten, or when the process ends."""
    global _watching  # noqa: PLW0603 - once a process, after `configure` has set up its own end
    if not _watching:
        _watching = True
        atexit.register(_at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork)
    _open.add(call)
    call.on_end(lambda: _open.discard(call))
    weakref.finalize(holder, forgotten, call).atexit = False


def _at_exit() -> None:
    for call in list(_open):
        forgotten(call)


def _after_fork() -> None:
    """Leave to the parent the streams it had open: their calls are ended, and counted, there."""
    for call in _open:
        call.disown()
    _open.clear()
    _left.after_fork()


def loop(original: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
    """Make `Stream.__iter__` tell when a loop is left."""

    @functools.wraps(original)
    def iterate(stream: Any) -> Iterator[Any]:  # noqa: ANN401
        call = getattr(stream, _ATTRIBUTE, None)
        return original(stream) if call is None else _until_left(original(stream), call, call.loop())

    return iterate


def async_loop(original: Callable[[Any], AsyncIterator[Any]]) -> Callable[[Any], AsyncIterator[Any]]:
    """Make `AsyncStream.__aiter__` tell when a loop is left."""

    @functools.wraps(original)
    def iterate(stream: Any) -> AsyncIterator[Any]:  # noqa: ANN401
        call = getattr(stream, _ATTRIBUTE, None)
        return original(stream) if call is None else _until_left_async(original(stream), call, call.loop())

    return iterate


def forgotten(call: OpenCall) -> None:
    """End a call whose stream nobody can read any more.

    This runs in a finalizer, at any point of any thread, maybe within a lock that ending a span needs: so the
    metering thread does it, if there is one.
    """
    try:
        if call.ended:
            return
        meter = _sink.current()
        line = meter.line if meter is not None else None
        at = (call.chunks.last if call.chunks is not None else 0) or None
        if line is not None:
            line.submit(functools.partial(call.end_early, at=at))
        else:
            call.end_early(at=at)
    except Exception:  # noqa: BLE001 - must not reach the application
        if not sys.is_finalizing():
            _log.debug("a forgotten stream could not be ended", exc_info=True)


def hook_close(
    response: Any,  # noqa: ANN401 - httpx's or httpx2's
    name: str,
    call: OpenCall,
    inner: object = None,
    before: Callable[[], None] | None = None,
) -> None:
    """End the call, after `before`, when the caller closes the response; not when `inner`, its iterator, does so."""
    within = getattr(response, name)
    if name == "aclose":

        async def aclose() -> None:
            try:
                await within()
            finally:
                _closed(call, inner, before)

        setattr(response, name, aclose)
    else:

        def close() -> None:
            try:
                within()
            finally:
                _closed(call, inner, before)

        setattr(response, name, close)
    unhook(response, name, call)


def unhook(holder: object, name: str, call: OpenCall) -> None:
    """Take the attribute `name` away when the call ends. The call must not keep `holder`, and with it the stream."""
    found = weakref.ref(holder)

    def release() -> None:
        present = found()
        if present is not None:
            vars(present).pop(name, None)

    call.on_end(release)


def _closed(call: OpenCall, inner: object, before: Callable[[], None] | None) -> None:
    try:
        if not call.ended and not _runs_here(inner):
            if before is not None:
                before()
            call.end_early()
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("a closed stream could not be ended", exc_info=True)


def _runs_here(inner: object) -> bool:
    """Whether the generator is among the callers of this function: then it is about to tell how it ended."""
    if callable(inner):
        inner = inner()
    wanted = getattr(inner, "gi_frame", None) or getattr(inner, "ag_frame", None)
    if wanted is None:
        return False
    frame = sys._getframe(1)  # noqa: SLF001 - there is no other way to ask
    for _ in range(_DEEPEST):
        if frame is wanted:
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


def _watch(inner: Iterator[Any], call: OpenCall, chunks: Chunks) -> Generator[Any, None, None]:
    take = chunks.take
    try:
        for chunk in inner:
            if not take(chunk):
                yield chunk
                _left.resumed(call)
    except GeneratorExit:
        forgotten(call)
        raise
    except BaseException as error:
        call.end_with(error)
        raise
    call.end_well()


async def _watch_async(inner: AsyncIterator[Any], call: OpenCall, chunks: Chunks) -> AsyncGenerator[Any, None]:
    take = chunks.take
    try:
        async for chunk in inner:
            if not take(chunk):
                yield chunk
                _left.resumed(call)
    except GeneratorExit:
        forgotten(call)
        raise
    except BaseException as error:
        call.end_with(error)
        raise
    call.end_well()


def _until_left(inner: Iterator[Any], call: OpenCall, number: int) -> Generator[Any, None, None]:
    try:
        yield from inner
    finally:
        if call.loops == number:
            _left.left(call)


async def _until_left_async(inner: AsyncIterator[Any], call: OpenCall, number: int) -> AsyncGenerator[Any, None]:
    try:
        async for item in inner:
            yield item
    finally:
        # An event loop closes a generator that was left some time after: another loop may read by then.
        if call.loops == number:
            _left.left(call)
