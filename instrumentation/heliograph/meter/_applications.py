"""One set of counters per application: its metrics and events go out under its own resource."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from heliograph._version import __version__
from heliograph.genai._meter import CallMeter
from heliograph.meter._sighting import Application

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LogRecordProcessor

    from heliograph.genai._prices import Prices
    from heliograph.meter._decisions import Counted
    from heliograph.meter._sighting import Sighting
    from heliograph.meter._tally import Tally

__all__ = ["INSTANCE_PREFIX", "OTHER", "Applications", "Counters", "instance_id", "resource_of"]

INSTANCE_PREFIX: Final = "heliograph-meter-"
"""How `service.instance.id`, in Prometheus the label `instance`, begins on everything that the meter reports."""

OTHER: Final = Application("other")
"""Whose name the calls of applications beyond the cap are counted under."""


def instance_id() -> str:
    """Make an id that no other process, and no earlier set of counters of this one, reports under."""
    return f"{INSTANCE_PREFIX}{uuid.uuid4().hex[:12]}"


def resource_of(application: Application, instance: str) -> Resource:
    """Describe the application; `telemetry.distro.name` tells that it did not report this itself."""
    said = {
        "service.name": application.name,
        "service.namespace": application.namespace,
        "service.version": application.version,
        "deployment.environment.name": application.environment,
        "service.instance.id": instance,
        "telemetry.distro.name": "heliograph-meter",
        "telemetry.distro.version": __version__,
    }
    return Resource({name: value for name, value in said.items() if value})


@dataclass(slots=True)
class Counters:
    """The counters of one application, from its first call until it has been idle for long."""

    application: Application
    meter: CallMeter
    reader: InMemoryMetricReader
    used: float
    """When a call was counted last, in seconds of the meter's clock."""
    exported: float = float("-inf")
    """When the last successful export began."""


class Applications:
    """At most `most` sets of counters. Past it, calls are counted under OTHER until an idle one has gone.

    Not thread-safe. Times are in seconds of the meter's clock.
    """

    def __init__(self, *, most: int, idle: float, prices: Prices, events: LogRecordProcessor, tally: Tally) -> None:
        self._most = most
        self._idle = idle
        self._events = events
        self._tally = tally
        self._prices = prices
        self._prices.warm()
        self._known: OrderedDict[Application, Counters] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def count(self, counted: Counted, now: float) -> None:
        """Count one call under its application."""
        sighting = counted.sighting
        counters = self._use(sighting.application, now)
        call = replace(counted.call, ended=_moment(sighting))
        counters.meter.count(call, where=sighting.where, ids=counted.ids, chain=counted.chain)
        if sighting.late:
            counters.meter.instruments.late_calls.add(1, {"provider": counted.call.provider})

    def count_tool(self, sighting: Sighting, chain: str | None, now: float) -> None:
        """Count the run of a tool that the span tells of, under its application."""
        if sighting.tool is not None:
            self._use(sighting.application, now).meter.count_tool(sighting.tool, chain=chain)

    def all(self) -> list[Counters]:
        """List the sets of counters."""
        return list(self._known.values())

    def remove_idle(self, now: float) -> None:
        """Forget applications without a call for long, once their last numbers have been delivered."""
        for counters in self.all():
            if counters.used > now - self._idle:
                return  # the rest was used later
            if counters.exported > counters.used:
                del self._known[counters.application]

    def _use(self, application: Application, now: float) -> Counters:
        counters = self._counters(application, now)
        counters.used = now
        self._known.move_to_end(counters.application)
        return counters

    def _counters(self, application: Application, now: float) -> Counters:
        found = self._known.get(application)
        if found is not None:
            return found
        if len(self._known) >= self._most and application is not OTHER:
            self._tally.folded += 1
            return self._counters(OTHER, now)
        resource = resource_of(application, instance_id())
        reader = InMemoryMetricReader()
        loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
        loggers.add_log_record_processor(self._events)
        meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        made = Counters(application, CallMeter(meters, loggers, prices=self._prices, metered_by="meter"), reader, now)
        self._known[application] = made
        return made


def _moment(sighting: Sighting) -> int:
    """Give the end of the call, with digits of the span's id where the application's clock gave none.

    Loki takes two events of one stream with one time and one text for one. Clocks that count milliseconds make that
    likely: two calls that fail at once, say.
    """
    for precision in (1_000_000, 1_000):
        if sighting.ended % precision == 0:
            return sighting.ended + sighting.key[1] % precision
    return sighting.ended
