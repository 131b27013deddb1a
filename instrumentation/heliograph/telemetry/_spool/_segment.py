"""One file of records that this process appends to, reads from, and settles."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.telemetry._spool._home import private
from heliograph.telemetry._spool._records import HEADER, SETTLED, STATE_AT, pack

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Record", "Segment"]


@dataclass(frozen=True, slots=True)
class Record:
    """A record that waits for delivery: `count` items. Its payload stays in the file until it is read."""

    segment: Segment
    offset: int
    length: int
    count: int

    def read(self) -> bytes:
        """Read the payload, OTLP as protobuf."""
        return os.pread(self.segment.descriptor, self.length, self.offset + HEADER.size)


class Segment:
    """Not for several threads at once: its backlog has a lock."""

    def __init__(self, path: Path, signal: str) -> None:
        self.path = path
        self.descriptor = private(path, new=True)
        self.size = 0
        self.unsettled = 0
        """Items that were neither delivered nor lost."""
        self.under_way = 0
        """Records that were taken and came to no end yet."""
        self._signal = signal
        self._read = 0

    def append(self, payload: bytes, count: int) -> None:
        """Write a record; raises OSError, and leaves no part of one, where there is no room."""
        data = memoryview(pack(self._signal, payload, count))
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self.descriptor, data[written:], self.size + written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(data)
        self.unsettled += count

    def next(self) -> Record | None:
        """Take the next record; None behind the last."""
        if self._read >= self.size:
            return None
        *_, count, length, _ = HEADER.unpack(os.pread(self.descriptor, HEADER.size, self._read))
        record = Record(self, self._read, length, count)
        self._read += HEADER.size + length
        self.under_way += 1
        return record

    def settle(self, record: Record) -> None:
        """Mark a record as delivered or lost; a file without any other is emptied instead."""
        self.unsettled -= record.count
        self.under_way -= 1
        if self.unsettled or self.under_way or self._read < self.size:
            os.pwrite(self.descriptor, SETTLED, record.offset + STATE_AT)
        else:
            os.ftruncate(self.descriptor, 0)
            self.size = self._read = 0

    @property
    def empty(self) -> bool:
        """Whether no record waits."""
        return self._read >= self.size and not self.unsettled and not self.under_way

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close the file, and leave it."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)
        self.descriptor = -1
