"""What is said about delivery: one warning when it fails, one line when it works again."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from heliograph.telemetry._drops import Drops, sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.telemetry._drops import Reason
    from heliograph.telemetry._session import UndeliveredError

__all__ = ["DeliveryHealth", "delivering", "quieten_sdk"]

_log = logging.getLogger("heliograph.telemetry")

# The SDK reports each failed export, at ERROR, on these. While we deliver, what they say is ours to say.
_SDK_LOGGERS: Final = (
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "urllib3.connectionpool",
)

_thread = threading.local()


class delivering:  # noqa: N801 - used as a statement: `with delivering():`
    """While inside, this thread sends telemetry: nothing it logs may become telemetry again."""

    def __enter__(self) -> None:
        self._before = is_delivering()
        _thread.active = True

    def __exit__(self, *_: object) -> None:
        _thread.active = self._before


def is_delivering() -> bool:
    """Whether this thread sends telemetry at the moment."""
    return getattr(_thread, "active", False)


class DeliveryHealth:
    """The state of delivery, over all signals: an outage is one event, not three. `drops` is what it cost."""

    def __init__(self, endpoint: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.drops = Drops()
        self._endpoint = endpoint
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: set[str] = set()
        self._since = 0.0
        self._lost = self.drops.counts()
        self._told: set[str] = set()

    @property
    def down(self) -> bool:
        """Whether delivery of some signal fails at the moment."""
        return bool(self._failing)

    def failed(self, signal: str, reason: str) -> None:
        """Note that an attempt failed."""
        with self._lock:
            first = not self._failing
            self._failing.add(signal)
            if not first:
                return
            self._since = self._clock()
            self._lost = self.drops.counts()
        _log.warning(
            "telemetry cannot be delivered to %s (%s: %s). The application is not affected; the newest spans and "
            "logs are kept, within bounds, and delivery is tried again. This is said once.",
            self._endpoint,
            signal,
            reason,
        )

    def delivered(self, signal: str) -> None:
        """Note that an attempt succeeded."""
        if not self._failing:
            return
        with self._lock:
            self._failing.discard(signal)
            if self._failing:
                return
            seconds = self._clock() - self._since
            lost = self.drops.counts() - self._lost
        _log.warning(
            "telemetry is delivered to %s again, after %.0f s (lost meanwhile: %s)",
            self._endpoint,
            seconds,
            sentence(lost),
        )

    def lost(self, signal: str, reason: Reason, count: int) -> None:
        """Count items that will never arrive."""
        self.drops.add(signal, reason, count)

    def refused(self, signal: str, failure: UndeliveredError, count: int) -> None:
        """Note that items were refused for good: one item's fault, or that of every request (a wrong token, say)."""
        if not failure.divisible:
            self.failed(signal, failure.reason)
            return
        self.rejected(signal, count, failure.reason)

    def rejected(self, signal: str, count: int, why: str) -> None:
        """Note that items were left out of what was accepted otherwise; said once for each signal."""
        if not count and not why:
            return
        with self._lock:
            known = signal in self._told
            self._told.add(signal)
        if known:
            return
        _log.warning(
            "%s took a request with %s but for %d of its items (%s). heliograph_dropped_total counts them; this is "
            "said once.",
            self._endpoint,
            signal,
            count,
            why or "no reason given",
        )

    def after_fork(self) -> None:
        """Start anew in a child process."""
        self._lock = threading.Lock()
        self._failing.clear()
        self.drops.after_fork()
        self._lost.clear()


class _Quiet(logging.Filter):
    """Holds back what the SDK says of our own deliveries."""

    def filter(self, record: logging.LogRecord) -> bool:
        del record
        return not is_delivering()


def quieten_sdk(health: DeliveryHealth) -> Callable[[], None]:
    """Have `health` speak for the SDK's exporters; return what undoes it."""
    del health
    quiet = _Quiet()
    loggers = [logging.getLogger(name) for name in _SDK_LOGGERS]
    for logger in loggers:
        logger.addFilter(quiet)

    def undo() -> None:
        for logger in loggers:
            logger.removeFilter(quiet)

    return undo
