"""Set a queue's file aside that the collector could not open, before it is started.

`recreate: true` of its file storage (0.152) helps where opening a file panics. A file whose first pages are spoiled is
an error instead ("invalid database"), and one that was cut off a fault of memory: the collector ends with either, at
every start, and takes nothing from anybody. What such a queue held nobody can read; the file is kept for a look.

The format is bbolt's (https://pkg.go.dev/go.etcd.io/bbolt): two meta pages, of which the one with the higher
transaction and a right checksum counts.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["readable", "set_aside_unreadable"]

_MAGIC, _VERSION = 0xED0CDAED, 2
# magic, version, page size, flags, root (2), freelist, pages, transaction, checksum
_META = struct.Struct("<IIIIQQQQQQ")
_PAGE_HEADER = 16
_PAGE_SIZES = tuple(1024 << power for power in range(15))
_CHECKSUM_BYTES = 8
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def set_aside_unreadable(folder: Path) -> list[str]:
    """Rename what cannot be opened; return a line for the log about each. The collector must not run."""
    told = []
    for file in sorted(folder.glob("exporter_*")) + sorted(folder.glob("receiver_*")):
        if ".unreadable-" in file.name or not file.is_file() or readable(file):
            continue
        kept = file.with_name(f"{file.name}.unreadable-{time.time():.0f}")
        file.rename(kept)
        told.append(f"heliograph: {file.name} cannot be read; what it held is lost. Kept as {kept.name}")
    return told


def readable(file: Path) -> bool:
    """Return whether a meta page is right and all pages that it counts are there; a new file may be empty."""
    size = file.stat().st_size
    if not size:
        return True
    best = (-1, 0)  # transaction, bytes
    with file.open("rb") as opened:
        for start in (0, *_PAGE_SIZES):
            opened.seek(start + _PAGE_HEADER)
            raw = opened.read(_META.size)
            if len(raw) < _META.size:
                break
            magic, version, page, _, _, _, _, pages, transaction, checksum = _META.unpack(raw)
            if (magic, version, checksum) == (_MAGIC, _VERSION, _fnv1a(raw[:-_CHECKSUM_BYTES])):
                best = max(best, (transaction, pages * page))
    return best[0] >= 0 and best[1] <= size


def _fnv1a(data: bytes) -> int:
    value = _FNV_OFFSET
    for byte in data:
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return value
