"""The meter's file: what it has taken and counted, so that a crash changes nothing. SQLite, one writer.

A commit is on the disk when `write` returns: write-ahead log, synchronised with every transaction
(https://www.sqlite.org/pragma.html#pragma_synchronous, FULL). A file that cannot be used is set aside, never deleted
and never in the way: the meter begins anew, and says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

from heliograph.errors import HeliographError
from heliograph.meter._batch import Saved
from heliograph.meter._codec import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from heliograph.meter._batch import Batch

__all__ = ["FILE", "SCHEMA", "Store", "StoreError"]

_log = logging.getLogger(__name__)
FILE: Final = "meter.db"
SCHEMA: Final = 1
"""Of the tables below; a file with another is set aside."""
_LOG_BYTES: Final = 16 * 1024 * 1024
"""What the write-ahead log is cut to once it is merged."""
_BROKEN: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_NOTADB,
    }
)
"""Errors that say something about the file; others pass: the disk has no room, or is gone for now."""
_LOST: Final = (
    "Counting begins anew: what it held and the collector had not taken yet is lost - seconds of counting, unless the "
    "collector was away."
)
_TABLES: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE spans (number INTEGER PRIMARY KEY, state TEXT NOT NULL, decided INTEGER NOT NULL, waits INTEGER NOT NULL,
                    late INTEGER NOT NULL, told TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE resent (block INTEGER PRIMARY KEY, at REAL NOT NULL, ids BLOB NOT NULL);
CREATE TABLE applications (number INTEGER PRIMARY KEY, said TEXT NOT NULL);
CREATE TABLE series (number INTEGER PRIMARY KEY, application INTEGER NOT NULL, metric TEXT NOT NULL,
                     attributes TEXT NOT NULL, start INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX series_of ON series (application);
CREATE TABLE events (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
"""
_CONTENT: Final = ("spans", "resent", "applications", "series", "events")


class StoreError(Exception):
    """A commit that failed, for a reason that passes; nothing of it is in the file."""


class Store:
    """One folder, held by one process: raises HeliographError when another has it, or it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.set_aside: list[str] = []
        """Why files were set aside: `corrupt` or `version`."""
        self._held = _hold(folder)
        self._db: sqlite3.Connection | None = None
        """None where a new file could not be made: it is tried again."""
        try:
            self._db = self._opened()
        except BaseException:
            os.close(self._held)
            raise

    def load(self) -> Saved:
        """Read everything.

        Raises sqlite3.DatabaseError, ValueError or KeyError for a broken file, HeliographError for a disk that fails.
        """
        about = dict(self._all("about"))
        saved = Saved(
            fields=json.loads(about["fields"]),
            spans=self._all("spans"),
            resent=self._all("resent"),
            applications=self._all("applications"),
            series=self._all("series"),
            events=self._all("events"),
            is_copy=about["inode"] != str(self.path.stat().st_ino),
        )
        if saved.is_copy:
            _log.warning("%s is a copy: counting goes on under new instances", self.path)
        return saved

    def write(self, batches: Iterable[Batch], *, instead: bool = False) -> None:
        """Commit; when it returns all is on the disk, `instead` of what was there.

        Raises StoreError, or sqlite3.DatabaseError for a broken file.
        """
        db = self._db = self._db or self._opened()
        try:
            with contextlib.closing(db.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                if instead:
                    for table in _CONTENT:
                        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
                    self._sign(cursor)
                for batch in batches:
                    _write(cursor, batch)
                cursor.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                db.rollback()
            if _passes(error):
                raise StoreError(f"{self.path}: {error}") from None
            raise

    def replace(self, why: str, what: str, *, then: str = _LOST) -> None:
        """Set the file aside as `meter.db.<why>-<time>`, and begin an empty one; `then` says what that means."""
        self._shut()
        self._put_aside(why, what, then)
        self._db = self._opened()

    def close(self) -> None:
        """Let go of the file."""
        self._shut()
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def _shut(self) -> None:
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def _opened(self) -> sqlite3.Connection:
        for _ in range(2):
            db = None
            try:
                db = self._connected()
                unfit = self._unfit(db)
            except sqlite3.Error as error:
                if _passes(error):
                    raise _unusable(self.path.parent, str(error)) from None
                unfit = ("corrupt", str(error))
            if db is not None and unfit is None:
                return db
            if db is not None:
                db.close()
            if unfit is not None:
                self._put_aside(*unfit, _LOST)
        raise _unusable(self.path.parent, "an empty file could not be made")

    def _connected(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=1.0)
        for pragma in (
            "locking_mode=EXCLUSIVE",  # nobody else reads: no shared memory, and a second writer is an error
            "journal_mode=WAL",
            "synchronous=FULL",
            f"journal_size_limit={_LOG_BYTES}",
            "cache_size=-8192",
            "temp_store=MEMORY",
        ):
            db.execute(f"PRAGMA {pragma}")
        return db

    def _unfit(self, db: sqlite3.Connection) -> tuple[str, str] | None:
        """Make the tables of a new file; tell what is wrong with an old one."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if version == 0 and tables == 0:
            db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={SCHEMA};")
            self._sign(db.cursor())
            db.execute("COMMIT")
            return None
        if version != SCHEMA:
            return "version", f"its schema is {version}, this version of the meter reads {SCHEMA}"
        (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
        return None if said == "ok" else ("corrupt", said)

    def _sign(self, cursor: sqlite3.Cursor) -> None:
        """Note which file this is and how its rows are to be read."""
        said = {"inode": str(self.path.stat().st_ino), "fields": json.dumps(FIELDS)}
        cursor.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", said.items())

    def _all(self, table: str) -> list[Any]:
        db = self._db = self._db or self._opened()
        try:
            return db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608 - names of our own
        except sqlite3.Error as error:
            if _passes(error):
                raise _unusable(self.path.parent, str(error)) from None
            raise

    def _put_aside(self, why: str, what: str, then: str) -> None:
        aside = f"{FILE}.{why}-{time.strftime('%Y%m%dT%H%M%S')}-{time.monotonic_ns() % 1_000_000:06d}"
        for tail in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self.path.with_name(FILE + tail).rename(self.path.with_name(aside + tail))
        self.set_aside.append(why)
        _log.error("%s cannot be used (%s) and was set aside as %s. %s", self.path, what, aside, then)


def _write(cursor: sqlite3.Cursor, batch: Batch) -> None:
    cursor.executemany("INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?)", batch.spans)
    cursor.executemany("UPDATE spans SET state = ?, decided = ?, waits = ?, told = ? WHERE number = ?", batch.states)
    cursor.execute("DELETE FROM spans WHERE number < ? AND NOT waits", (batch.oldest_span,))
    if batch.ids:
        cursor.executemany("INSERT INTO resent VALUES (?, ?, ?)", batch.ids)
        cursor.execute("DELETE FROM resent WHERE block < ?", (batch.first_block,))
    cursor.executemany("INSERT OR REPLACE INTO applications VALUES (?, ?)", batch.applications)
    cursor.executemany(
        "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?)",
        ((number, application, *said) for application, change in batch.series for number, *said in (change.row,)),
    )
    for number in batch.removed:
        cursor.execute("DELETE FROM applications WHERE number = ?", (number,))
        cursor.execute("DELETE FROM series WHERE application = ?", (number,))
    cursor.executemany("INSERT INTO events VALUES (?, ?)", batch.events)
    if batch.delivered:
        cursor.execute("DELETE FROM events WHERE number <= ?", (batch.delivered,))


def _passes(error: sqlite3.Error) -> bool:
    """Whether the error may go away by itself."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in _BROKEN


def _hold(folder: Path) -> int:
    """Take the folder for this process; the system lets go of it when the process ends, however it does."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = os.open(folder / "meter.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise HeliographError(
            f"another meter is at work in {folder}",
            why="two meters on one file would count each other's calls",
            hint="end the other one, or give this one a folder of its own: heliograph meter --data FOLDER",
        ) from None
    return held


def _unusable(folder: Path, why: str) -> HeliographError:
    return HeliographError(
        f"the meter cannot write its file in {folder}",
        why=why,
        hint="make room, or give it a folder that it may write: --data FOLDER or HELIOGRAPH_METER_DATA",
    )
