"""Commits what has changed, for all requests that wait for it at once, and says when it is durable."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from heliograph.meter._store import StoreError

if TYPE_CHECKING:
    from heliograph.meter._batch import Batch
    from heliograph.meter._store import Store

__all__ = ["Journal", "Ledger"]

_log = logging.getLogger(__name__)
_IDLE: Final = 1.0
"""Seconds between two commits of what nobody waits for: events that were delivered."""
_AGAIN: Final = 1.0
"""Seconds between two attempts to write to a disk that has no room."""


class Ledger(Protocol):
    """What the meter knows. Both are asked for by one thread at a time, and give a state between two requests."""

    def changes(self) -> Batch:
        """Give what changed since this was asked last."""

    def everything(self) -> Batch:
        """Give all there is, for a file that is empty."""

    def durable(self, batch: Batch) -> None:
        """Take note that a batch cannot be lost any more: what it counted may be exported."""


class Journal:
    """Writes the ledger's batches to the store, in order; what failed is written with the next attempt.

    Without a store (None) everything is durable at once, until the process ends. Before `start`, who waits commits.
    """

    def __init__(self, ledger: Ledger, store: Store | None) -> None:
        self._ledger = ledger
        self._store = store
        self._behind: list[Batch] = []
        self._instead = False
        """Whether what is behind takes the place of all that the file holds."""
        self._failure: str | None = None
        self._committed = 0
        self._writing = threading.Lock()
        self._done = threading.Condition()
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter-journal", daemon=True)

    @property
    def failure(self) -> str | None:
        """Why nothing can be written at the moment; None while all is well."""
        return self._failure

    @property
    def is_durable(self) -> bool:
        """Whether a crash loses nothing."""
        return self._store is not None

    @property
    def set_aside(self) -> list[str]:
        """Why files were set aside."""
        return self._store.set_aside if self._store is not None else []

    def start(self) -> None:
        """Begin to commit by itself."""
        self._thread.start()

    def close(self) -> None:
        """Commit what there is, and let go of the file."""
        self._stop.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()
        self.commit()
        if self._store is not None:
            self._store.close()

    def wanted(self) -> None:
        """Commit soon; nobody waits for it."""
        if self._thread.is_alive():
            self._wanted.set()
        else:
            self.commit()

    def settled(self, number: int, timeout: float) -> str | None:
        """Wait until batch `number` is durable, for `timeout` seconds at most; return why it is not."""
        self.wanted()
        deadline = time.monotonic() + timeout
        with self._done:
            while self._committed < number:
                left = deadline - time.monotonic()
                if self._failure is not None:
                    return self._failure
                if left <= 0:
                    return f"a commit takes longer than {timeout:g} s"
                self._done.wait(left)
        return None

    def commit(self) -> None:
        """Commit what there is."""
        with self._writing:
            batch = self._ledger.changes()
            if batch:
                self._behind.append(batch)
            failure = self._written() if self._behind else None
            newest = max([batch.number, *(one.number for one in self._behind)])
            if failure is None:
                for done in self._behind:
                    self._ledger.durable(done)
                self._behind.clear()
                self._instead = False
            self._say(failure)
            with self._done:
                self._failure = failure
                if failure is None:
                    self._committed = newest
                self._done.notify_all()

    def rewrite(self) -> None:
        """Write everything anew: the file was made by another version, or is a copy."""
        with self._writing:
            self._behind = [self._ledger.everything()]
            self._instead = True
        self.commit()

    def _written(self) -> str | None:
        """Write what is behind; return why it could not be."""
        if self._store is None:
            return None
        try:
            try:
                self._store.write(self._behind, instead=self._instead)
            except sqlite3.Error as error:
                # The file is broken, but all that it should hold is in memory.
                self._behind = [self._ledger.everything()]
                self._store.replace("corrupt", str(error), then="A new one is written from memory: nothing is lost.")
                self._store.write(self._behind)
        except StoreError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the disk, intake must learn of it
            _log.debug("a commit failed", exc_info=True)
            return f"{type(error).__name__}: {error}"
        return None

    def _say(self, failure: str | None) -> None:
        if failure is not None and self._failure is None:
            _log.error("nothing can be counted: %s. Requests are refused, so the collector keeps them.", failure)
        elif failure is None and self._failure is not None:
            _log.warning("the meter's file can be written again: counting goes on")

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wanted.wait(_IDLE)
            self._wanted.clear()
            try:
                self.commit()
            except Exception:  # noqa: BLE001 - the thread must live on
                _log.exception("a commit failed")
            if self._failure is not None:
                self._stop.wait(_AGAIN)
