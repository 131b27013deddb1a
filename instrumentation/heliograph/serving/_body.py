"""The body of a request: read to its end, up to a limit, in either of the two ways in which HTTP/1.1 sends one."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["BodyError", "CutShortError", "TooLargeError", "read_body"]

_DRAINED: Final = 32 * 1024 * 1024
"""Bytes of a body that is too large which are read and thrown away: a client that is cut off while it sends sees a
broken connection and never the answer."""
_PIECE: Final = 65_536
_LONGEST_LINE: Final = 8192
_MOST_TRAILERS: Final = 64
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")


class BodyError(Exception):
    """A body that is not taken.

    The connection must be closed after the answer: where the next request begins on it is not known.
    """

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class TooLargeError(BodyError):
    """More than the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {limit} bytes are taken")


class CutShortError(BodyError):
    """The connection ended before the body did."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, "the body is shorter than it says")


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def readline(self, limit: int, /) -> bytes: ...


def read_body(headers: Message[str, str], stream: _Stream, limit: int) -> bytes:
    """Read a request's body of at most `limit` bytes; raises BodyError.

    https://www.rfc-editor.org/rfc/rfc9112#section-6.3: a request with neither header has no body, but what is served
    here wants one, and a client that forgot is told so.
    """
    coding = headers.get("Transfer-Encoding", "").strip().lower()
    if coding == "chunked":
        return _chunks(stream, limit)
    if coding:
        raise BodyError(HTTPStatus.NOT_IMPLEMENTED, f"transfer encoding {coding!r}: send chunked, or a Content-Length")
    length = headers.get("Content-Length", "")
    if not (length.isascii() and length.isdecimal()):
        raise BodyError(HTTPStatus.LENGTH_REQUIRED, "the request must say its Content-Length")
    if len(length) > 18 or int(length) > limit:  # noqa: PLR2004 - digits: more than anything has
        _drain(stream, int(length) if len(length) <= 18 else _DRAINED)  # noqa: PLR2004
        raise TooLargeError(limit)
    body = stream.read(int(length))
    if len(body) < int(length):
        raise CutShortError
    return body


def _chunks(stream: _Stream, limit: int) -> bytes:
    """Read chunks: https://www.rfc-editor.org/rfc/rfc9112#section-7.1."""
    body = bytearray()  # a list of chunks would take forty times the memory of chunks of one byte
    seen = 0
    while size := _size(_line(stream)):
        seen += size
        if seen > _DRAINED and seen > limit:
            raise TooLargeError(limit)
        if seen > limit:
            body.clear()
            got = _drain(stream, size)
        else:
            part = stream.read(size)
            got = len(part)
            body += part
        if got < size:
            raise CutShortError
        if _line(stream):
            raise BodyError(HTTPStatus.BAD_REQUEST, "a chunk is longer than it says")
    for _ in range(_MOST_TRAILERS):
        if not _line(stream):
            if seen > limit:
                raise TooLargeError(limit)
            return bytes(body)
    raise BodyError(HTTPStatus.BAD_REQUEST, f"more than {_MOST_TRAILERS} trailers")


def _line(stream: _Stream) -> bytes:
    line = stream.readline(_LONGEST_LINE)
    if line.endswith(b"\n"):
        return line.rstrip(b"\r\n")
    if len(line) < _LONGEST_LINE:
        raise CutShortError
    raise BodyError(HTTPStatus.BAD_REQUEST, f"a line of the chunked body is longer than {_LONGEST_LINE} bytes")


def _size(line: bytes) -> int:
    found = _CHUNK_SIZE.fullmatch(line)
    if found is None:
        raise BodyError(HTTPStatus.BAD_REQUEST, "a chunk does not say its size")
    return int(found[1], 16)


def _drain(stream: _Stream, size: int) -> int:
    """Read and forget; return how much there was."""
    left = size = min(size, _DRAINED)
    while left > 0 and (part := stream.read(min(_PIECE, left))):
        left -= len(part)
    return size - left
