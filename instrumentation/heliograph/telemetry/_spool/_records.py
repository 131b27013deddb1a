"""Records in a segment file: a header of 20 bytes, then OTLP as protobuf.

    bytes 0-3   HGS1
    byte  4     0 while it waits, 1 when it is settled: delivered, or counted as lost
    byte  5     the signal: 1 traces, 2 logs, 3 metrics
    bytes 6-7   0
    bytes 8-19  number of items, length of the payload, CRC-32 of the payload; each 4 bytes, little-endian

The byte of state is the only one that is ever written again, so that a record is settled by one write of one byte.
A record's id is its file's name and its offset there.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEADER", "LARGEST", "SETTLED", "STATE_AT", "Found", "pack", "scan"]

MAGIC: Final = b"HGS1"
HEADER: Final = struct.Struct("<4sBBHIII")
STATE_AT: Final = 4
SETTLED: Final = b"\x01"
LARGEST: Final = 64 * 1024 * 1024
_SIGNALS: Final = {"traces": 1, "logs": 2, "metrics": 3}


@dataclass(frozen=True, slots=True)
class Found:
    """A record in a file: where it starts, how many items it has, and its payload; None where that is damaged."""

    offset: int
    count: int
    payload: bytes | None


def pack(signal: str, payload: bytes, count: int) -> bytes:
    """Make a record that waits."""
    return HEADER.pack(MAGIC, 0, _SIGNALS[signal], 0, count, len(payload), zlib.crc32(payload)) + payload


def scan(data: bytes, signal: str) -> Iterator[Found]:
    """Go through a file's records that wait, whatever happened to the file.

    A record that was being written when its process was killed, or that the disk damaged, comes without a payload.
    What is no record at all is skipped, up to the next one.
    """
    offset = 0
    while (offset := data.find(MAGIC, offset)) >= 0 and offset + HEADER.size <= len(data):
        _, state, kind, zero, count, length, crc = HEADER.unpack_from(data, offset)
        start, end = offset + HEADER.size, offset + HEADER.size + length
        if kind != _SIGNALS[signal] or zero or length > LARGEST:
            offset += 1
            continue
        whole = end <= len(data) and zlib.crc32(data[start:end]) == crc
        if not state:
            yield Found(offset, count, data[start:end] if whole else None)
        # A damaged length would lead astray: look for the next record right behind the header.
        offset = end if whole else start
