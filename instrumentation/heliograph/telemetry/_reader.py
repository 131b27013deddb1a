"""The metric reader: pushes every few seconds, or waits to be scraped; never both."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricReader

from heliograph.telemetry._start_times import points_of, with_earlier_starts

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter, MetricsData

    from heliograph.telemetry._spool import Spool

__all__ = ["PushOrPullReader"]

_log = logging.getLogger(__name__)
_SHORTEST: Final = 0.5
_SHARE: Final = 200
"""A state on disk is made as often as it may cost: every half second, and a 200th of a core."""


class PushOrPullReader(MetricReader):
    """Cumulative. Its one store serves both ways, so that switching from push to pull loses no count.

    With a spool, what is collected is also kept there, and between two pushes, too.

    The SDK's periodic reader is not used since it cannot be switched, and keeps its lock over a fork.
    """

    def __init__(self, exporter: MetricExporter | None, interval: float, spool: Spool | None = None) -> None:
        super().__init__()
        self._exporter = exporter
        self._interval = interval
        self._spool = spool
        self._due = True
        self._stop = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pulled: MetricsData | None = None
        self._pulling = exporter is None
        self._closed = False

    @property
    def pushes(self) -> bool:
        """Whether metrics are sent without being asked for."""
        return not self._pulling

    def start(self) -> None:
        """Begin to push, every `interval` seconds."""
        if self._pulling or self._closed:
            return
        self._thread = threading.Thread(target=self._tick, name="heliograph-metrics", daemon=True)
        self._thread.start()

    def pull(self) -> MetricsData | None:
        """Collect now and return it; from now on nothing is pushed."""
        self.stop_pushing()
        with self._one_at_a_time:
            self._pulled = None
            self.collect()
            return self._pulled

    def stop_pushing(self) -> None:
        """Leave collection to `pull`."""
        self._pulling = True
        self._stop.set()

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Push now."""
        if not self._pulling and not self._closed:
            with self._one_at_a_time:
                self.collect(timeout_millis)
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:  # noqa: ANN401
        """Push what is left, and stop."""
        del kwargs
        if self._closed:
            return
        self._stop.set()
        if self._one_at_a_time.acquire(timeout=timeout_millis / 1000):
            try:
                if not self._pulling:
                    self.collect(timeout_millis)
            except Exception:  # noqa: BLE001 - must not reach the application
                _log.debug("the last collection failed", exc_info=True)
            finally:
                self._one_at_a_time.release()
        self._closed = True

    def after_fork(self) -> None:
        """Begin again in a forked child, which has none of its parent's threads."""
        self._one_at_a_time = threading.Lock()
        if not self._closed:
            self._stop = threading.Event()
            self.start()

    def _tick(self) -> None:
        stop = self._stop
        pause, next_push = self._interval, time.monotonic() + self._interval
        if self._spool is not None:
            pause = min(_SHORTEST, pause)
        while not stop.wait(pause):
            started = time.monotonic()
            due = started >= next_push
            try:
                with self._one_at_a_time:
                    if not self._pulling:
                        self._gather(due=due)
            except Exception:  # noqa: BLE001 - must not reach the application
                _log.debug("a collection failed", exc_info=True)
            ended = time.monotonic()
            if due:
                next_push = max(next_push + self._interval, ended)
            pause = next_push - ended
            if self._spool is not None:
                often = pause if due else max(_SHORTEST, (ended - started) * _SHARE)
                pause = min(often, pause)
            pause = max(pause, 0.0)

    def _gather(self, *, due: bool) -> None:
        """Collect, and push what is `due`; otherwise it is kept in the spool only."""
        self._due = due
        try:
            self.collect()
        finally:
            self._due = True

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:  # noqa: ANN401
        del kwargs
        if self._pulling or self._exporter is None:
            self._pulled = metrics_data
            return
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        try:
            data = with_earlier_starts(metrics_data)
            if self._spool is not None:
                self._spool.keep_metrics(data, points_of(data))
            if not self._due:
                return
            sent = self._exporter.export(data, timeout_millis=timeout_millis) is MetricExportResult.SUCCESS
            if sent and self._spool is not None:
                self._spool.forget_metrics()
        finally:
            detach(token)
