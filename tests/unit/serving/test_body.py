"""Bodies: read to their end in both of HTTP's ways, and never more than was allowed."""

from __future__ import annotations

import io
import tracemalloc
from email.message import Message

import pytest

from heliograph.serving._body import BodyError, CutShortError, TooLargeError, read_body

LIMIT = 100
CHUNKED = {"Transfer-Encoding": "chunked"}


def read(content: bytes, headers: dict[str, str], limit: int = LIMIT) -> tuple[bytes, bytes]:
    """Give the body, and what follows it on the connection."""
    message: Message[str, str] = Message()
    for name, value in headers.items():
        message[name] = value
    stream = io.BufferedReader(io.BytesIO(content))
    return read_body(message, stream, limit), stream.read()


@pytest.mark.parametrize(
    ("content", "headers", "body"),
    [
        (b"", {"Content-Length": "0"}, b""),
        (b"x" * LIMIT, {"Content-Length": str(LIMIT)}, b"x" * LIMIT),
        (b"0\r\n\r\n", CHUNKED, b""),
        (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", CHUNKED, b"abcde"),
        (b"3\nabc\n0\n\n", CHUNKED, b"abc"),
        (b"0003;name=value\r\nabc\r\n0\r\n\r\n", CHUNKED, b"abc"),
        (b"A ; x\r\n0123456789\r\n0\r\nExpires: never\r\nX: y\r\n\r\n", CHUNKED, b"0123456789"),
        (b"3\r\nabc\r\n0\r\n\r\n", {**CHUNKED, "Content-Length": "1"}, b"abc"),
        (b"64\r\n" + b"x" * LIMIT + b"\r\n0\r\n\r\n", {"Transfer-Encoding": " Chunked "}, b"x" * LIMIT),
    ],
    ids=[
        "empty",
        "as large as allowed",
        "no chunk",
        "two chunks",
        "lines without a return",
        "a chunk extension",
        "trailers",
        "chunks beat the length",
        "chunks as large as allowed",
    ],
)
def test_a_body_ends_where_it_says(content: bytes, headers: dict[str, str], body: bytes) -> None:
    assert read(content + b"GET /next", headers) == (body, b"GET /next")


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"abc", {}, 411, "Content-Length"),
        (b"abc", {"Content-Length": "-3"}, 411, "Content-Length"),
        (b"abc", {"Content-Length": "3, 3"}, 411, "Content-Length"),
        (b"abc", {"Content-Length": "\u0663"}, 411, "Content-Length"),
        (b"abc", {"Transfer-Encoding": "gzip, chunked"}, 501, "gzip, chunked"),
        (b"x" * 101, {"Content-Length": "101"}, 413, "at most 100 bytes"),
        (b"x" * 101, {"Content-Length": "9" * 5000}, 413, "at most 100 bytes"),
        (b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n", CHUNKED, 413, "at most 100 bytes"),
        (b"40\r\n" + b"x" * 64 + b"\r\n40\r\n" + b"x" * 64 + b"\r\n0\r\n\r\n", CHUNKED, 413, "at most 100 bytes"),
        (b"fffffffffffffff\r\n", CHUNKED, 413, "at most 100 bytes"),
        (b"ab", {"Content-Length": "3"}, 400, "shorter"),
        (b"3\r\nab", CHUNKED, 400, "shorter"),
        (b"3\r\nabc", CHUNKED, 400, "shorter"),
        (b"3\r\nabc\r\n", CHUNKED, 400, "shorter"),
        (b"3\r\nabc\r\n0\r\n", CHUNKED, 400, "shorter"),
        (b"3\r\nabcd\r\n0\r\n\r\n", CHUNKED, 400, "longer than it says"),
        (b"-3\r\nabc\r\n", CHUNKED, 400, "size"),
        (b"1_0\r\nabc\r\n", CHUNKED, 400, "size"),
        (b"0x3\r\nabc\r\n", CHUNKED, 400, "size"),
        (b"\r\nabc\r\n", CHUNKED, 400, "size"),
        (b"3;" + b"x" * 10_000 + b"\r\nabc\r\n", CHUNKED, 400, "line"),
        (b"0\r\n" + b"X: y\r\n" * 100 + b"\r\n", CHUNKED, 400, "trailers"),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes, headers: dict[str, str], status: int, words: str) -> None:
    with pytest.raises(BodyError, match=words) as refused:
        read(content, headers)
    assert refused.value.status == status
    assert isinstance(refused.value, TooLargeError) == (status == 413)
    assert isinstance(refused.value, CutShortError) == (words == "shorter")


def test_chunks_of_one_byte_take_no_more_memory_than_one_large_one() -> None:
    size = 60_000
    content = b"2\r\nab\r\n" * (size // 2) + b"0\r\n\r\n"
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        body, _ = read(content, CHUNKED, limit=size)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert len(body) == size
    assert peak < 4 * size
