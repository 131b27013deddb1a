"""Queue files as bbolt lays them out: the ones that open, and the ones that would end the collector."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from heliograph.stack._queue_files import _META, _fnv1a, readable, set_aside_unreadable

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 4096


def meta(transaction: int, pages: int = 8) -> bytes:
    fields = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, 3, 0, 2, pages, transaction)
    return bytes(16) + fields + struct.pack("<Q", _fnv1a(fields))


def database(*metas: bytes, pages: int = 8) -> bytes:
    return b"".join(text.ljust(PAGE, b"\0") for text in metas) + bytes((pages - len(metas)) * PAGE)


SPOILED = b"\xde\xad\xbe\xef" * 1024
READABLE = {
    "two good pages": database(meta(4), meta(5)),
    "the first torn": database(SPOILED, meta(5)),
    "the second torn": database(meta(4), SPOILED),
    "new and empty": b"",
}
UNREADABLE = {
    "both torn": database(SPOILED, SPOILED),
    "no database": b"no database " * 4096,
    "a wrong checksum in both": database(meta(4)[:-1] + b"\0", meta(5)[:-1] + b"\0"),
    "cut off": database(meta(4), meta(5))[: 4 * PAGE],
    "a few bytes": b"\0" * 30,
}


def test_the_checksum_is_the_published_one() -> None:
    """FNV-1a, 64 bits, of "foobar": http://www.isthe.com/chongo/tech/comp/fnv/."""
    assert _fnv1a(b"foobar") == 0x85944171F73967E8
    assert _META.size == 64


@pytest.mark.parametrize("how", READABLE)
def test_a_file_that_opens_stays(tmp_path: Path, how: str) -> None:
    file = tmp_path / "exporter_otlp_http_loki_logs"
    file.write_bytes(READABLE[how])
    assert readable(file)
    assert set_aside_unreadable(tmp_path) == []
    assert file.read_bytes() == READABLE[how]


@pytest.mark.parametrize("how", UNREADABLE)
def test_a_file_that_does_not_open_is_kept_under_another_name(tmp_path: Path, how: str) -> None:
    file, neighbour = tmp_path / "exporter_otlp_http_loki_logs", tmp_path / "exporter_otlp_grpc_jaeger_traces"
    file.write_bytes(UNREADABLE[how])
    neighbour.write_bytes(READABLE["two good pages"])
    (line,) = set_aside_unreadable(tmp_path)
    assert "exporter_otlp_http_loki_logs cannot be read" in line
    (kept,) = tmp_path.glob("exporter_otlp_http_loki_logs.unreadable-*")
    assert kept.read_bytes() == UNREADABLE[how]
    assert not file.exists()
    assert neighbour.exists()
    assert set_aside_unreadable(tmp_path) == []  # it is not looked at again


def test_no_folder_is_no_trouble(tmp_path: Path) -> None:
    assert set_aside_unreadable(tmp_path / "not yet there") == []
