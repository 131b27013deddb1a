"""What is said about delivery: one warning when it fails, one line when it works again."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DeliveryHealth", "delivering", "quieten_sdk"]

_log = logging.getLogger("heliograph.telemetry")

# The SDK reports each failed export, at ERROR, on these. While we deliver, what they say is ours to say.
_SDK_LOGGERS: Final = (
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "opentelemetry.sdk._shared_internal",
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
    """The state of delivery, over all signals: an outage is one event, not three."""

    def __init__(self, endpoint: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._lock = threading.Lock()
        self._failing: set[str] = set()
        self._since = 0.0
        self._lost: dict[str, int] = {}

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
        _log.warning(
            "telemetry cannot be delivered to %s (%s: %s). The application is not affected; the newest spans and "
            "logs are kept in memory, within bounds, and delivery is tried again. This is said once.",
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
            lost, self._lost = self._lost, {}
            seconds = self._clock() - self._since
        said = ", ".join(f"{count} {what}" for what, count in sorted(lost.items())) or "nothing"
        _log.warning(
            "telemetry is delivered to %s again, after %.0f s (lost meanwhile: %s)", self._endpoint, seconds, said
        )

    def lost(self, what: str, count: int) -> None:
        """Count items given up."""
        with self._lock:
            self._lost[what] = self._lost.get(what, 0) + count

    def after_fork(self) -> None:
        """Start anew in a child process."""
        self._lock = threading.Lock()
        self._failing.clear()
        self._lost.clear()


class _Quiet(logging.Filter):
    """Holds back what the SDK says of our own deliveries."""

    def __init__(self, health: DeliveryHealth) -> None:
        super().__init__()
        self.health = health

    def filter(self, record: logging.LogRecord) -> bool:
        if is_delivering():
            return False
        if self.health.down and isinstance(record.msg, str) and record.msg.startswith("Queue full"):
            what = "spans" if record.args and "Span" in str(record.args) else "logs"
            self.health.lost(what, 1)
            return False
        return True


def quieten_sdk(health: DeliveryHealth) -> Callable[[], None]:
    """Have `health` speak for the SDK's exporters; return what undoes it."""
    quiet = _Quiet(health)
    loggers = [logging.getLogger(name) for name in _SDK_LOGGERS]
    for logger in loggers:
        # First in line: the SDK's own filter of repeats, behind ours, would otherwise swallow drops uncounted.
        logger.filters.insert(0, quiet)

    def undo() -> None:
        for logger in loggers:
            logger.removeFilter(quiet)

    return undo
