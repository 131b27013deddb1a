"""Answers whose bytes the caller reads: `with_raw_response`, `with_streaming_response`, plain HTTP responses.

The body of the first has been read when it is returned. The second is read by the caller, in whichever way: its bytes
are looked at as they pass, and the call ends when the response is closed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, Literal

from heliograph.integrations.openai._chunks import Chunks, CompletionChunks, ResponseEvents
from heliograph.integrations.openai._stream import hook_close, keep, unhook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from heliograph.integrations.openai._call import OpenCall

__all__ = ["mode_of", "observe"]

_log = logging.getLogger("heliograph.integrations")

_HEADER: Final = "X-Stainless-Raw-Response"
"""How the client's wrappers tell `request` what to return: "true" (legacy) or "stream"."""

MOST_READ: Final = 1_048_576
"""Bytes of one body that are kept and parsed by us; of more, only the end, where usage stands."""

_END: Final = 65_536


def mode_of(headers: object) -> Literal["true", "stream"] | None:
    """Say which raw variant the headers ask for."""
    if not isinstance(headers, Mapping):
        return None
    mode = headers.get(_HEADER)
    return mode if mode in {"true", "stream"} else None


def observe(result: Any, call: OpenCall, *, stream: bool) -> bool:  # noqa: ANN401 - of either major version
    """Look at what `request` returned unparsed; True when the call goes on until the response is closed."""
    response = getattr(result, "http_response", result)
    if not hasattr(response, "iter_bytes") or not hasattr(response, "is_closed"):
        return False
    if hasattr(response, "_content"):
        if response.is_success:
            call.answer = _parsed(response.content)
        return False
    if response.is_closed:
        return False
    tap = _Tap(call, stream=stream)
    asynchronous = hasattr(response.stream, "__aiter__") and not hasattr(response.stream, "__iter__")
    name = "aiter_bytes" if asynchronous else "iter_bytes"
    within = getattr(response, name)

    def iterate(*args: Any, **kwargs: Any) -> Iterator[bytes]:  # noqa: ANN401
        return tap.read(within(*args, **kwargs))

    def iterate_async(*args: Any, **kwargs: Any) -> AsyncIterator[bytes]:  # noqa: ANN401
        return tap.read_async(within(*args, **kwargs))

    setattr(response, name, iterate_async if asynchronous else iterate)
    unhook(response, name, call)
    hook_close(response, "aclose" if asynchronous else "close", call, tap.running, tap.finish)
    keep(response, call)
    return True


class _Tap:
    """Bytes of one answer, as they pass to the caller."""

    def __init__(self, call: OpenCall, *, stream: bool) -> None:
        self._call = call
        self._stream = stream
        self._parts: list[bytes] = []
        self._size = 0
        self._generator: object = None

    def running(self) -> object:
        """Give the generator that reads."""
        return self._generator

    def read(self, inner: Iterator[bytes]) -> Iterator[bytes]:
        self._generator = reading = self._read(inner)
        return reading

    def read_async(self, inner: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self._generator = reading = self._read_async(inner)
        return reading

    def _read(self, inner: Iterator[bytes]) -> Iterator[bytes]:
        try:
            for part in inner:
                self._take(part)
                yield part
        except GeneratorExit:  # the response is about to be closed, or forgotten
            raise
        except BaseException as error:
            self._understand()
            self._call.end_with(error)
            raise
        self._finished()

    async def _read_async(self, inner: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for part in inner:
                self._take(part)
                yield part
        except GeneratorExit:  # the response is about to be closed, or forgotten
            raise
        except BaseException as error:
            self._understand()
            self._call.end_with(error)
            raise
        self._finished()

    def finish(self) -> None:
        """Understand what was read, before the call ends because the response is closed."""
        self._understand()

    def _finished(self) -> None:
        self._understand()
        self._call.end_well()

    def _take(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > MOST_READ:
            self._parts = [b"".join(self._parts)[-_END:]]
            self._size = _END

    def _understand(self) -> None:
        call = self._call
        if call.ended or call.chunks is not None or call.answer is not None or not self._parts:
            return
        try:
            data = b"".join(self._parts)
            self._parts = []
            if self._stream:
                call.chunks = _events(data, call)
            else:
                call.answer = _parsed(data)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a body could not be read", exc_info=True)


def _parsed(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Parse a body into objects with attributes. Of a large one (embeddings), only what stands around its data."""
    if len(data) <= MOST_READ and data.lstrip().startswith(b"{"):
        try:
            return json.loads(data, object_hook=_fields)
        except ValueError:
            return None
    found = _fields({})
    for name in ("model", "usage"):
        at = max(data.rfind(b'"%s"' % name.encode(), -_END), data.find(b'"%s"' % name.encode(), 0, 512))
        if at < 0:
            continue
        text = data[at : at + _END].decode("utf-8", "replace").partition(":")[2].lstrip()
        try:
            value, _ = json.JSONDecoder(object_hook=_fields).raw_decode(text)
        except ValueError:
            continue
        setattr(found, name, value)
    return found if vars(found) else None


def _events(data: bytes, call: OpenCall) -> Chunks:
    """Read the server-sent events of a stream that the caller read as bytes."""
    chunks: Chunks = ResponseEvents() if call.api.kind == "responses" else CompletionChunks(captures=call.captures)
    for line in data.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name == "data" and value.strip() not in {"", "[DONE]"}:
            try:
                chunks.take(json.loads(value, object_hook=_fields))
            except ValueError:
                continue
    chunks.first_output = None  # when it passed is not known any more
    return chunks


class _Fields(SimpleNamespace):
    """A JSON object: fields that are absent are None, as in the client's own objects."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name == "model_extra":
            return vars(self)
        if name.startswith("__"):
            raise AttributeError(name)
        return None


def _fields(found: dict[str, Any]) -> _Fields:
    fields = _Fields()
    vars(fields).update(found)
    return fields
