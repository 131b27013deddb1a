"""What processes that are gone have left: sent by one that lives, then deleted."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value

from heliograph.telemetry._spool._home import private
from heliograph.telemetry._spool._records import SETTLED, STATE_AT, scan
from heliograph.telemetry._spool._sending import Loose, total
from heliograph.telemetry._spool._shipper import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from heliograph.telemetry._courier import Courier
    from heliograph.telemetry._drops import Drops
    from heliograph.telemetry._spool._home import Home, Orphan
    from heliograph.telemetry._spool._records import Found

__all__ = ["Replay", "shed_orphans"]

_log = logging.getLogger("heliograph.telemetry")
_FIRST: Final = 0.2
_PAUSE: Final = 5.0
_MOST_ITEMS: Final = 512


class Replay:
    """Looks for orphans soon after the start and every few seconds; a worker's siblings take over within that time."""

    def __init__(self, home: Home, couriers: Mapping[str, Courier[Any]], drops: Drops) -> None:
        self.couriers = couriers
        self._home = home
        self._drops = drops
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; again, in a forked child."""
        self._stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(self._stop,), name="heliograph-replay", daemon=True)
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._thread = thread

    def close(self, deadline: float) -> None:
        """Stop; what is not delivered by `deadline` (on the monotonic clock) is left to another process."""
        self._stop.set()
        for courier in self.couriers.values():
            courier.close(deadline)
        if self._thread is not None:
            self._thread.join(max(deadline - time.monotonic(), 0.0) + 0.1)

    def round(self) -> None:
        """Send what orphans there are; until one cannot be sent."""
        with contextlib.closing(self._home.orphans()) as orphans:
            for orphan in orphans:
                try:
                    if not self._adopt(orphan):
                        return
                except OSError:
                    _log.debug("files of a process that is gone cannot be read", exc_info=True)

    def _run(self, stop: threading.Event) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        pause = _FIRST
        while not stop.wait(pause):
            pause = _PAUSE
            try:
                self.round()
            except Exception:  # noqa: BLE001 - the thread must live on
                _log.debug("a round failed", exc_info=True)

    def _adopt(self, orphan: Orphan) -> bool:
        sent = 0
        for signal in ("traces", "logs"):
            for path in orphan.segments(signal):
                with _opened(path) as descriptor:
                    for batch in self._batches(descriptor, signal):
                        if not self._send(signal, batch):
                            return False
                        sent += total([loose for _, loose in batch])
                        for found, _ in batch:
                            _settle(descriptor, found)
                path.unlink(missing_ok=True)
        if orphan.state.exists():
            with _opened(orphan.state) as descriptor:
                state = list(self._whole(descriptor, "metrics"))
            if state and not self._send("metrics", state):
                return False
            orphan.state.unlink(missing_ok=True)
        if sent:
            _log.info("%d spans and log records of a process that is gone (%s) were delivered", sent, orphan.name)
        return True

    def _send(self, signal: str, batch: list[tuple[Found, Loose]]) -> bool:
        records = [loose for _, loose in batch]
        return not self._stop.is_set() and self.couriers[signal].send(records, total(records))

    def _batches(self, descriptor: int, signal: str) -> Iterator[list[tuple[Found, Loose]]]:
        batch: list[tuple[Found, Loose]] = []
        for found, loose in self._whole(descriptor, signal):
            size = sum(len(each.payload) for _, each in batch) + len(loose.payload)
            if batch and (total([each for _, each in batch]) + loose.count > _MOST_ITEMS or size > MOST_BYTES):
                yield batch
                batch = []
            batch.append((found, loose))
        if batch:
            yield batch

    def _whole(self, descriptor: int, signal: str) -> Iterator[tuple[Found, Loose]]:
        """Give the records that can be read; of the others, count the items."""
        for found in scan(_content(descriptor), signal):
            if found.payload is not None:
                yield found, Loose(found.payload, found.count)
            else:
                self._drops.add(signal, "corrupt", found.count)
                _settle(descriptor, found)


def shed_orphans(home: Home, drop: Callable[[str, int], None]) -> bool:
    """Delete the oldest segment that belongs to nobody; whether there was one. `drop` gets the signal and the items."""
    with contextlib.closing(home.orphans()) as orphans:
        for orphan in orphans:
            for signal in ("traces", "logs"):
                for path in orphan.segments(signal)[:1]:
                    with _opened(path) as descriptor:
                        drop(signal, sum(found.count for found in scan(_content(descriptor), signal)))
                    path.unlink(missing_ok=True)
                    return True
    return False


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = private(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _settle(descriptor: int, found: Found) -> None:
    os.pwrite(descriptor, SETTLED, found.offset + STATE_AT)
