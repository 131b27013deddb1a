"""The way out: events and metrics to the collector's OTLP receiver, whose disk queues make them durable."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

from heliograph.telemetry._courier import Courier
from heliograph.telemetry._health import DeliveryHealth, quieten_sdk
from heliograph.telemetry._start_times import with_earlier_starts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.metrics.export import MetricsData

    from heliograph.meter._events import EventQueue
    from heliograph.meter._tally import Tally

__all__ = ["Delivery", "Reader"]

_log = logging.getLogger(__name__)
_BATCH: Final = 512
_TIMEOUT: Final = 10.0
_PAUSE: Final = 0.2
"""Seconds between two looks for events."""


class Reader(Protocol):
    """What numbers come from."""

    def get_metrics_data(self) -> MetricsData | None:
        """Give them as of now; None where there are none."""


class Delivery:
    """Sends from two threads of its own: events as they come and until taken, metrics every `interval` seconds.

    `readers()` lists what to collect, each with what to call when its numbers were taken.
    """

    def __init__(
        self,
        endpoint: str,
        events: EventQueue,
        readers: Callable[[], Sequence[tuple[Reader, Callable[[], None]]]],
        *,
        interval: float,
        tally: Tally,
    ) -> None:
        base = endpoint.rstrip("/")
        self.health = DeliveryHealth(base)
        self._undo_quiet = quieten_sdk(self.health)
        self._events = events
        self._readers = readers
        self._tally = tally
        self._logs: Courier[Any] = Courier(
            "logs",
            lambda session: OTLPLogExporter(endpoint=f"{base}/v1/logs", timeout=_TIMEOUT, session=session),
            self.health,
            patience=math.inf,
        )
        # Metrics are cumulative: what one export could not say, the next one says.
        self._numbers: Courier[Any] = Courier(
            "metrics",
            lambda session: OTLPMetricExporter(endpoint=f"{base}/v1/metrics", timeout=_TIMEOUT, session=session),
            self.health,
            patience=0.0,
        )
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(self.send_events, _PAUSE), name="meter-events", daemon=True),
            threading.Thread(target=self._run, args=(self.send_metrics, interval), name="meter-metrics", daemon=True),
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def close(self, deadline: float, *, kept: bool) -> None:
        """Send what is left until `deadline` (on the monotonic clock).

        What cannot be delivered by then is lost, and counted, unless it is `kept` for the next start.
        """
        self._stop.set()
        for courier in (self._logs, self._numbers):
            courier.close(deadline)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(deadline - time.monotonic(), 0.0) + 0.1)
        self.send_events()
        if len(self._events) and not kept:
            self._tally.lost += len(self._events)
            _log.warning("%d events could not be delivered to the collector", len(self._events))
        self.send_metrics()
        self._undo_quiet()

    def send_events(self) -> None:
        """Send all events, batch by batch; each is tried again until it is taken or refused for good."""
        while batch := self._events.first(_BATCH):
            before = self._gone()
            if not self._logs.send(batch, len(batch)):
                if self._stop.is_set():
                    return
                # Of a batch with one bad event the others were taken.
                lost = self._gone() - before
                self._tally.lost += lost
                _log.warning("the collector refuses %d of %d events for good", lost, len(batch))
            self._events.drop(len(batch))

    def _gone(self) -> int:
        return sum(count for (signal, _), count in self.health.drops.counts().items() if signal == "logs")

    def send_metrics(self) -> None:
        """Collect and send, one request per application: a point that is refused takes no other's along."""
        for reader, taken in self._readers():
            data = reader.get_metrics_data()
            if data is None or self._numbers.send(with_earlier_starts(data), 1):
                taken()

    def _run(self, work: Callable[[], None], pause: float) -> None:
        while not self._stop.wait(pause):
            try:
                work()
            except Exception:  # noqa: BLE001 - the thread must live on
                _log.exception("a delivery failed")
