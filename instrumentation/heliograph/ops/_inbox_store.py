"""Where messages are kept: lines of JSON in one file, on disk before anyone is told that they arrived."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError
from heliograph.ops._inbox_message import Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["KEEP", "Store"]

KEEP = 5000
"""Messages kept unless told otherwise."""
_KEEP_BYTES = 64 * 1024 * 1024  # and never more than this, in memory and (twice, before it is tidied up) on disk
_MESSAGES = "messages.jsonl"
_LOCK = "lock"

log = logging.getLogger(__name__)


class Store:
    """The newest `keep` messages, oldest first; safe to use from several threads.

    Opening reads what is there: a last line that a crash has torn was never acknowledged and is cut off. Raises
    HeliographError when another inbox uses the folder or when it cannot be written.
    """

    def __init__(self, folder: Path, *, keep: int = KEEP, keep_bytes: int = _KEEP_BYTES) -> None:
        self._path = folder / _MESSAGES
        self._keep = keep
        self._keep_bytes = keep_bytes
        self._mutex = threading.Lock()
        self._messages: deque[tuple[int, Message]] = deque()  # with the bytes of its line
        self._bytes = 0  # of the lines kept
        self._file_lines = 0
        self._file_bytes = 0
        self._last_id = 0
        self._closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(folder / _LOCK)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._load()
            _sync_folder(folder)
        except OSError as error:
            raise HeliographError(
                f"The inbox cannot keep its messages in {folder}.",
                why=error.strerror or str(error),
                hint="--store with a folder that you may write",
            ) from error

    def append(self, message: Message) -> Message:
        """Keep a message and return it with its number and time, once it is on disk.

        Raises OSError when it could not be written; the file is then as it was before.
        """
        with self._mutex:
            if self._closed:
                raise OSError("the inbox is ending")
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            message = replace(message, id=self._last_id + 1, received_at=now)
            line = _line(message)
            try:
                _write(self._file, line)
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, self._file_bytes)
                raise
            self._file_lines += 1
            self._file_bytes += len(line)
            self._remember(message, len(line))
            self._tidy()
            return message

    def messages(self) -> list[Message]:
        """Return what is kept, oldest first."""
        with self._mutex:
            return [message for _, message in self._messages]

    def get(self, number: int) -> Message | None:
        """Return the message of that number, None when it is not kept (any more)."""
        return next((message for message in self.messages() if message.id == number), None)

    def close(self) -> None:
        """Finish the message that is being written and take no more."""
        with self._mutex:
            if not self._closed:
                self._closed = True
                os.close(self._file)
                os.close(self._lock)

    def _remember(self, message: Message, size: int) -> None:
        self._messages.append((size, message))
        self._bytes += size
        self._last_id = message.id
        while len(self._messages) > self._keep or (self._bytes > self._keep_bytes and len(self._messages) > 1):
            self._bytes -= self._messages.popleft()[0]

    def _load(self) -> None:
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            log.warning(
                "cut off a torn line of %d bytes; its sender was never told that it arrived", len(content) - whole
            )
            os.ftruncate(self._file, whole)
            os.fsync(self._file)
        self._file_bytes = whole
        for line in content[:whole].splitlines(keepends=True):
            self._file_lines += 1
            for message in _read(line):
                self._remember(message, len(line))

    def _tidy(self) -> None:
        """Write the file anew when half of it is forgotten; a failure only costs room."""
        if self._file_lines <= 2 * self._keep and self._file_bytes <= 2 * self._keep_bytes:
            return
        fresh = self._path.with_suffix(".new")
        try:
            content = b"".join(_line(message) for _, message in self._messages)
            file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            try:
                _write(file, content)
                os.fsync(file)
                fresh.replace(self._path)
            except OSError:
                os.close(file)
                raise
            _sync_folder(self._path.parent)
        except OSError as error:
            log.warning("old messages stay on disk for now: %s", error)
            return
        os.close(self._file)
        self._file = file
        self._file_lines = len(self._messages)
        self._file_bytes = len(content)


def _line(message: Message) -> bytes:
    # ASCII only: no line separator of Unicode, no lone surrogate can break a line
    return json.dumps(message.as_dict(), separators=(",", ":")).encode("ascii") + b"\n"


def _read(line: bytes) -> Iterator[Message]:
    try:
        yield Message.from_dict(json.loads(line))
    except (ValueError, TypeError, KeyError, RecursionError):
        log.warning("skipped a line that is no message (%d bytes)", len(line))


def _write(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _lock(path: Path) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise HeliographError(
            f"Another inbox keeps its messages in {path.parent}.", hint="stop it, or give this one a --store of its own"
        ) from None
    return lock


def _sync_folder(folder: Path) -> None:
    """Make a new or renamed file's name as durable as its content."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
