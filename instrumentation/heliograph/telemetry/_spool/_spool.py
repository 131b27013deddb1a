"""The spool of one process: its files, the threads that empty them, and what others have left."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from heliograph.telemetry._fork import LATE_IMPORTS
from heliograph.telemetry._spool._backlog import Backlog
from heliograph.telemetry._spool._encoding import encoders
from heliograph.telemetry._spool._home import Home, private
from heliograph.telemetry._spool._records import pack
from heliograph.telemetry._spool._replay import Replay, shed_orphans
from heliograph.telemetry._spool._shipper import Shipper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from opentelemetry.sdk.metrics.export import MetricsData

    from heliograph.telemetry._courier import Courier
    from heliograph.telemetry._drops import Drops
    from heliograph.telemetry._outbox import Bounds
    from heliograph.telemetry._settings import Signal

__all__ = ["Spool"]

_log = logging.getLogger("heliograph.telemetry")
_SIGNALS: Final[tuple[Signal, ...]] = ("traces", "logs")
_NUMBERS: Final[Signal] = "metrics"
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9._-]+")


class Spool:
    """`folder` is for all services, each has one within; `size` bytes are for all processes of this service.

    `courier(signal)` makes one that sends records and keeps what it could not deliver.
    """

    def __init__(
        self,
        folder: Path,
        service: str,
        *,
        size: int,
        courier: Callable[[Signal], Courier[Any]],
        drops: Drops,
        bounds: Bounds,
    ) -> None:
        self.home = Home(folder / (_FOREIGN.sub("_", service).strip(".") or "_"), size)
        self._drops = drops
        self._backlogs = {signal: self._backlog(signal) for signal in _SIGNALS}
        self._shippers = {
            signal: Shipper(backlog, courier(signal), bounds) for signal, backlog in self._backlogs.items()
        }
        self._replay = Replay(self.home, {signal: courier(signal) for signal in (*_SIGNALS, _NUMBERS)}, drops)
        self.couriers = [
            *(shipper.courier for shipper in self._shippers.values()),
            *self._replay.couriers.values(),
        ]
        self._failing = False
        self._has_state = False

    def start(self) -> None:
        """Begin to deliver; again, in a forked child."""
        for shipper in self._shippers.values():
            shipper.start()
        self._replay.start()

    def writer(self, signal: Signal, otherwise: Callable[[Any], object]) -> Callable[[Sequence[Any]], None]:
        """Give what writes a batch of spans or clean log records; what the disk does not take goes to `otherwise`."""
        backlog = self._backlogs[signal]

        def write(batch: Sequence[Any]) -> None:
            for part, payload in self._encoded(signal, batch):
                try:
                    backlog.append(payload, len(part))
                except OSError as error:
                    self._failed(error)
                    otherwise(part)
                else:
                    self._failing = False

        return write

    def keep_metrics(self, data: MetricsData, points: int) -> None:
        """Keep the state of this process' metrics, in the place of the one before."""
        try:
            with LATE_IMPORTS:
                encode = encoders()["metrics"]
            path = self.home.path("metrics")
            fresh = path.with_suffix(".metrics-new")
            descriptor = private(fresh)
            try:
                os.ftruncate(descriptor, 0)
                os.write(descriptor, pack("metrics", encode(data), points))
            finally:
                os.close(descriptor)
            fresh.replace(path)
        except Exception as error:  # noqa: BLE001 - the application must not see; its metrics are sent all the same
            self._failed(error)
        else:
            self._has_state = True

    def forget_metrics(self) -> None:
        """Delete the state: the collector has got it."""
        if self._has_state:
            self._has_state = False
            with contextlib.suppress(OSError):
                self.home.path("metrics").unlink(missing_ok=True)

    @property
    def keeps_metrics(self) -> bool:
        """Whether the newest state is on disk, for another process to send."""
        return self._has_state

    def nudge(self) -> None:
        """Try again now what could not be delivered."""
        for courier in self.couriers:
            courier.nudge()

    def flush(self, timeout: float) -> bool:
        """Deliver what is written; whether all of it was, within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        done = [shipper.flush(max(deadline - time.monotonic(), 0.0)) for shipper in self._shippers.values()]
        return all(done)

    def close(self, deadline: float) -> None:
        """Deliver until `deadline` (on the monotonic clock), and leave the rest to the next process."""
        for courier in self.couriers:
            courier.close(deadline)
        for shipper in self._shippers.values():
            shipper.close(deadline)
        self._replay.close(deadline)

    def leave(self) -> None:
        """Say how much is left, and let others have it; nothing is written from here on."""
        left = {signal: backlog.waiting() for signal, backlog in self._backlogs.items()}
        for backlog in self._backlogs.values():
            backlog.leave()
        with contextlib.suppress(OSError):
            self.home.leave()
        if any(left.values()):
            _log.warning(
                "%d spans and %d log records wait in %s for the next process of this service",
                left["traces"],
                left["logs"],
                self.home.folder,
            )

    def after_fork(self) -> None:
        """Be a process of its own in a child: the parent's files are the parent's."""
        self._has_state = False
        for backlog in self._backlogs.values():
            backlog.after_fork()
        self.home.after_fork()
        for courier in self.couriers:
            courier.after_fork()
        self.start()

    def _backlog(self, signal: Signal) -> Backlog:
        backlog = Backlog(signal, self.home, partial(self._drops.add, signal))
        backlog.make_room = lambda: self._shed_orphans() or backlog.shed()
        return backlog

    def _encoded(self, signal: Signal, batch: Sequence[Any]) -> list[tuple[Sequence[Any], bytes]]:
        """Encode a batch; where that fails, its halves, down to the item whose fault it is."""
        with LATE_IMPORTS:
            encode = encoders()[signal]
        try:
            return [(batch, encode(batch))]
        except Exception:  # noqa: BLE001 - whatever an attribute does
            if len(batch) == 1:
                self._drops.add(signal, "unencodable", 1)
                return []
            half = len(batch) // 2
            return self._encoded(signal, batch[:half]) + self._encoded(signal, batch[half:])

    def _shed_orphans(self) -> bool:
        return shed_orphans(self.home, lambda signal, count: self._drops.add(signal, "spool_full", count))

    def _failed(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            _log.warning(
                "the telemetry spool in %s cannot be written (%s): telemetry goes out without it. This is said once.",
                self.home.folder,
                error,
            )
