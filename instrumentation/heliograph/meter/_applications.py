"""One set of counters per application: its metrics and events go out under its own resource."""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource

from heliograph._version import __version__
from heliograph.genai._meter import CallMeter
from heliograph.meter._series import SeriesReader, SeriesSet
from heliograph.meter._sighting import Application

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.sdk._logs import LogRecordProcessor

    from heliograph.genai._prices import Prices
    from heliograph.meter._decisions import Counted
    from heliograph.meter._series import Change, Row
    from heliograph.meter._sighting import Sighting
    from heliograph.meter._tally import Tally

__all__ = ["INSTANCE_PREFIX", "OTHER", "Applications", "Counters", "instance_id", "resource_of"]

INSTANCE_PREFIX: Final = "heliograph-meter-"
"""How `service.instance.id`, in Prometheus the label `instance`, begins on everything that the meter reports."""

OTHER: Final = Application("other")
"""Whose name the calls of applications beyond the cap are counted under."""

CAPPED: Final = ("model", "chain", "tenant", "error_type", "tool", "provider", "operation")
"""Labels whose values are capped, and known from the series that have them."""


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

    number: int
    application: Application
    instance: str
    meter: CallMeter
    series: SeriesSet
    reader: SeriesReader
    used: float
    """When a call was counted last, in seconds of the meter's clock."""
    exported: float = float("-inf")
    """When the last successful export began."""
    said: str = field(default="")
    """What was written down of it last."""

    def describe(self) -> str:
        """Say what is written down, beside its series."""
        answering = [[*asked, model] for asked, model in self.meter.answering.items()]
        return json.dumps([*self.application, self.instance, answering])


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
        self._left: list[Counters] = []
        """Of another version: nothing is added, and they go once their numbers have been delivered."""
        self._touched: dict[int, Counters] = {}
        self._removed: list[int] = []
        self._numbers = count(1)
        self._series = count(1)

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
        return [*self._known.values(), *self._left]

    def remove_idle(self, now: float) -> None:
        """Forget applications without a call for long, once their last numbers have been delivered."""
        for counters in [one for one in self._left if one.exported > one.used]:
            self._left.remove(counters)
            self._removed.append(counters.number)
        for counters in list(self._known.values()):
            if counters.used > now - self._idle:
                return  # the rest was used later
            if counters.exported > counters.used:
                del self._known[counters.application]
                self._removed.append(counters.number)

    def restore(
        self, saved: Iterable[tuple[int, str]], series: Iterable[tuple[int, int, str, str, int, str]], now: float
    ) -> None:
        """Go on with the counters of another process."""
        rows: dict[int, list[Row]] = {}
        newest = 0
        for number, owner, metric, attributes, start, state in series:
            newest = max(newest, number)
            rows.setdefault(owner, []).append((number, metric, attributes, start, state))
        self._series = count(newest + 1)
        for number, said in saved:
            name, namespace, environment, version, instance, answering = json.loads(said)
            application = Application(name, namespace, environment, version)
            counters = self._made(number, application, instance, now)
            self._numbers = count(number + 1)
            counters.said = said
            counters.meter.answering.update(((provider, asked), model) for provider, asked, model in answering)
            fits = counters.series.restore(rows.get(number, ()))
            for label in CAPPED:
                for value in counters.series.values(label):
                    getattr(counters.meter.labels, label)(value)
            if fits and application not in self._known and (len(self._known) < self._most or application == OTHER):
                self._known[application] = counters
            else:
                self._left.append(counters)

    def changes(self) -> tuple[list[tuple[int, str]], list[int], list[tuple[int, Change]]]:
        """Give what to write of applications, which were forgotten, and the series that changed with their owners."""
        touched, self._touched = self._touched, {}
        removed, self._removed = self._removed, []
        series = [(number, change) for number, one in touched.items() for change in one.series.changes()]
        said = []
        for number, one in touched.items():
            if (now := one.describe()) != one.said:
                one.said = now
                said.append((number, now))
        return said, removed, series

    def everything(self) -> tuple[list[tuple[int, str]], list[tuple[int, Change]]]:
        """Give all applications, and all series with their owners."""
        self._touched, self._removed = {}, []
        for one in self.all():
            one.said = one.describe()
        series = [(one.number, change) for one in self.all() for change in one.series.everything()]
        return [(one.number, one.said) for one in self.all()], series

    def _use(self, application: Application, now: float) -> Counters:
        counters = self._counters(application, now)
        counters.used = now
        self._touched[counters.number] = counters
        self._known.move_to_end(counters.application)
        return counters

    def _counters(self, application: Application, now: float) -> Counters:
        found = self._known.get(application)
        if found is not None:
            return found
        if len(self._known) >= self._most and application != OTHER:
            self._tally.folded += 1
            return self._counters(OTHER, now)
        made = self._known[application] = self._made(next(self._numbers), application, instance_id(), now)
        return made

    def _made(self, number: int, application: Application, instance: str, now: float) -> Counters:
        resource = resource_of(application, instance)
        loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
        loggers.add_log_record_processor(self._events)
        series = SeriesSet(self._series)
        meter = CallMeter(series, loggers, prices=self._prices, metered_by="meter")
        return Counters(number, application, instance, meter, series, SeriesReader(series, resource), now)


def _moment(sighting: Sighting) -> int:
    """Give the end of the call, with digits of the span's id where the application's clock gave none.

    Loki takes two events of one stream with one time and one text for one. Clocks that count milliseconds make that
    likely: two calls that fail at once, say.
    """
    for precision in (1_000_000, 1_000):
        if sighting.ended % precision == 0:
            return sighting.ended + sighting.key[1] % precision
    return sighting.ended
