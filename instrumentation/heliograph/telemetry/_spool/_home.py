"""A service's folder in the spool: whose files are whose, and how much they may take.

Each process has a name of its own (its pid and a random part) and a lock on the file NAME.lock while it lives; the
kernel releases it however the process ends. Files whose lock is free are orphans, and belong to whoever locks them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["Home", "Orphan", "private"]

_NAME: Final = re.compile(r"(\d+-[0-9a-f]{8})\.lock", re.ASCII)
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def private(path: Path, *, new: bool = False) -> int:
    """Open a file that nobody else may read (0600); raises OSError for one that is somebody else's, or no file."""
    descriptor = os.open(path, _FLAGS | (os.O_EXCL if new else 0), 0o600)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError(f"{path} is no file of this user")
    return descriptor


@dataclass
class Orphan:
    """The files of a process that is gone, locked by this one."""

    folder: Path
    name: str
    lock: int

    def segments(self, signal: str) -> list[Path]:
        """Give the files of a signal, oldest first."""
        return sorted(self.folder.glob(f"{self.name}.{signal}.*.seg"))

    @property
    def state(self) -> Path:
        """The file with the last state of the process' metrics, which may not exist."""
        return self.folder / f"{self.name}.metrics"

    def release(self) -> None:
        """Let go of it; where nothing is left, also of its lock's file."""
        if not any(path.suffix != ".lock" for path in self.folder.glob(f"{self.name}.*")):
            (self.folder / f"{self.name}.lock").unlink(missing_ok=True)
        # Closing alone would leave it locked where a child of a fork has a copy of the descriptor.
        fcntl.flock(self.lock, fcntl.LOCK_UN)
        os.close(self.lock)


class Home:
    """A folder for one service, made on first use; methods raise OSError where the disk does not want to."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self._guard = threading.Lock()
        self._name: str | None = None
        self._lock: int | None = None
        self._adopted: set[int] = set()

    def path(self, suffix: str) -> Path:
        """Name a file of this process."""
        with self._guard:
            if self._name is None:
                self._claim()
            return self.folder / f"{self._name}.{suffix}"

    def used(self) -> int:
        """Give the bytes that all processes of the service have in the folder."""
        total = 0
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_size
        return total

    def orphans(self) -> Generator[Orphan]:
        """Take over files of processes that are gone, oldest first; each is released before the next."""
        try:
            locks = sorted(self.folder.glob("*.lock"), key=lambda path: path.stat().st_mtime)
        except OSError:
            return
        for path in locks:
            found = _NAME.fullmatch(path.name)
            if found is None or found[1] == self._name:
                continue
            lock = _locked(path)
            if lock is None:
                continue
            self._adopted.add(lock)
            orphan = Orphan(self.folder, found[1], lock)
            try:
                yield orphan
            finally:
                self._adopted.discard(lock)
                with contextlib.suppress(OSError):
                    orphan.release()

    def leave(self) -> None:
        """Leave the folder: what this process still has there is an orphan from now on."""
        with self._guard:
            if self._name is not None and self._lock is not None:
                Orphan(self.folder, self._name, self._lock).release()
            self._name = self._lock = None

    def after_fork(self) -> None:
        """Be somebody else in a child. The lock stays the parent's: closing our copy of it does not release it."""
        self._guard = threading.Lock()
        for lock in (self._lock, *self._adopted):
            if lock is not None:
                with contextlib.suppress(OSError):
                    os.close(lock)
        self._name = self._lock = None
        self._adopted = set()

    def _claim(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            name = f"{os.getpid()}-{os.urandom(4).hex()}"
            path = self.folder / f"{name}.lock"
            os.close(private(path, new=True))
            lock = _locked(path)
            if lock is not None:  # else somebody looking for orphans was faster
                self._name, self._lock = name, lock
                return


def _locked(path: Path) -> int | None:
    """Lock a file; None where it is locked, gone, or no longer the one of that name."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_uid == os.geteuid() and os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
