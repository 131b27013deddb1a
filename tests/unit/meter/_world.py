"""The meter between a collector that sends until it is acknowledged and stores that remember everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heliograph.meter._request import JSON, parse
from heliograph.meter._service import MeterService, Settings
from heliograph.meter._store import Store

from .conftest import PRICES, request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heliograph.meter._store import Batch

Point = tuple[str, str, tuple[tuple[str, str], ...]]
"""Instance, metric and labels."""


MOMENTS = (
    "before it is taken",
    "before the commit",
    "after the commit",
    "after it was handed over",
    "before it is acknowledged",
    "events sent",
    "numbers sent",
)


class CrashError(BaseException):
    """The process ends here: nothing may catch it."""


@dataclass
class World:
    """The meter, the collector before it and the stores behind it; only the meter crashes.

    `crash_at` names the moment of the next crash, and how many such moments pass before it.
    """

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    now: float = 0.0
    crash_at: tuple[str, int] | None = None
    crashes: int = 0
    points: dict[Point, tuple[int, float]] = field(default_factory=dict)
    """What Prometheus has of each series: start and value."""
    events: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    """What Loki has, one of each time and text."""
    sent: list[Any] = field(default_factory=list)
    """Every event that was sent, repetitions as well."""

    def __post_init__(self) -> None:
        self.service = self._started()

    def send(self, *spans: dict[str, Any]) -> None:
        """Send a request as the collector does: until it is acknowledged."""
        content = request(*spans)
        while not self._survives(lambda: self._take(content)):
            pass

    def turn(self, seconds: float = 1.0) -> None:
        """Let time pass, then decide and deliver, as the meter's threads do."""
        self.now += seconds
        self._survives(self.service.decide_due)
        self._survives(self.deliver)

    def deliver(self) -> None:
        """Send events and numbers to the stores."""
        batch = self.service.events.first(512)
        for record in batch:
            self.sent.append(record)
            said = record.log_record
            self.events[said.timestamp or 0, str(said.body)] = {
                **(said.attributes or {}),
                "service": record.resource.attributes["service.name"],
                "observed": said.observed_timestamp,
            }
        self._maybe("events sent")
        self.service.events.drop(len(batch))
        for reader, taken in self.service._readers():
            if reader is not self.service._own:
                self._store(reader.get_metrics_data())
            taken()
        self._maybe("numbers sent")

    def crash(self) -> None:
        """End the process without a word, and start another."""
        self.crashes += 1
        self.service.journal._store.close()  # type: ignore[union-attr]
        self.service = self._started()

    def totals(self) -> dict[str, float]:
        """Sum each metric over its series."""
        sums: dict[str, float] = {}
        for (_, metric, labels), (_, value) in self.points.items():
            said = dict(labels)
            name = f"{said['service']} {metric} {said.get('type', '')}{said.get('status', '')}".strip()
            sums[name] = sums.get(name, 0) + value
        return {name: round(value, 9) for name, value in sums.items()}

    def _take(self, content: bytes) -> None:
        self._maybe("before it is taken")
        self.service.take(parse(content, JSON))
        self._maybe("before it is acknowledged")

    def _survives(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except CrashError:
            self.crash()
            return False
        return True

    def _maybe(self, moment: str) -> None:
        if self.crash_at is None or self.crash_at[0] != moment:
            return
        self.crash_at = (moment, self.crash_at[1] - 1)
        if self.crash_at[1] < 0:
            self.crash_at = None
            raise CrashError(moment)

    def _started(self) -> MeterService:
        settings = Settings(**{"export": "http://127.0.0.1:9", **self.settings})
        service = MeterService(settings, prices=PRICES, clock=lambda: self.now, store=Store(self.folder))
        store, write, durable = service.journal._store, service.journal._store.write, service._books.durable  # type: ignore[union-attr]

        def written(batches: list[Batch], *, instead: bool = False) -> None:
            self._maybe("before the commit")
            write(batches, instead=instead)
            self._maybe("after the commit")

        def published(batch: Batch) -> None:
            durable(batch)
            self._maybe("after it was handed over")

        store.write = written  # type: ignore[union-attr,method-assign]
        service._books.durable = published  # type: ignore[method-assign]
        return service

    def _store(self, data: Any) -> None:
        """Take points as Prometheus does, and see that no series ever goes back or begins anew."""
        for resource in data.resource_metrics if data is not None else ():
            said = resource.resource.attributes
            for metric in resource.scope_metrics[0].metrics:
                for point in metric.data.data_points:
                    labels = {"service": said["service.name"], **point.attributes}
                    key = (said["service.instance.id"], metric.name, tuple(sorted(labels.items())))
                    value = point.count if hasattr(point, "bucket_counts") else point.value
                    before = self.points.get(key)
                    assert before is None or (point.start_time_unix_nano == before[0] and value >= before[1]), key
                    self.points[key] = (point.start_time_unix_nano, value)
