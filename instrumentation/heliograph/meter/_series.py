"""Counters and histograms whose numbers can be written down, and go on where they stood.

The SDK keeps its sums to itself: after a crash they would begin at zero, and what was counted but not exported would be
gone. These are instruments of the same interface. What they count is exported only once it is durable
(`Change.publish`), so that no number ever goes back: a series keeps its value, its start and its `instance` through any
number of restarts.

https://opentelemetry.io/docs/specs/otel/metrics/data-model/#resets-and-gaps
"""

from __future__ import annotations

import json
import math
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.metrics import MeterProvider, NoOpCounter, NoOpHistogram, NoOpMeter
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import get_current_span

from heliograph._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.util.types import Attributes

__all__ = ["Change", "Row", "SeriesReader", "SeriesSet"]

Row = tuple[int, str, str, int, str]
"""Number of the series, metric, attributes as JSON, start in nanoseconds since the epoch, state as JSON."""

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_SCOPE: Final = InstrumentationScope("heliograph", __version__)
State = tuple[Any, ...]


@dataclass(slots=True, eq=False)
class _Series:
    """One time series: its state now, and the one that is durable."""

    number: int
    metric: str
    attributes: dict[str, Any]
    start: int
    bounds: tuple[float, ...] | None
    """None for a counter."""
    value: float = 0
    """A counter's; the sum of a histogram."""
    count: int = 0
    low: float = math.inf
    high: float = -math.inf
    buckets: list[int] = field(default_factory=list)
    durable: State | None = None
    exemplars: dict[int, Exemplar] = field(default_factory=dict)
    """The newest of each bucket since the last export; a counter has one."""

    @property
    def state(self) -> State:
        """Give what is written down."""
        if self.bounds is None:
            return (self.value,)
        return self.count, self.value, self.low, self.high, (*self.buckets,), self.bounds

    def resume(self, state: Sequence[Any]) -> None:
        """Go on where another process stood."""
        if self.bounds is None:
            (self.value,) = state
        else:
            self.count, self.value, self.low, self.high, buckets, _ = state
            self.buckets = list(buckets)
        self.durable = self.state

    def point(self, now: int) -> NumberDataPoint | HistogramDataPoint:
        """Give the durable numbers; raises TypeError where there are none."""
        if self.durable is None:
            raise TypeError(f"{self.metric} has nothing durable to tell")
        exemplars, self.exemplars = list(self.exemplars.values()), {}
        if self.bounds is None:
            return NumberDataPoint(self.attributes, self.start, now, self.durable[0], exemplars)
        count, total, low, high, buckets, bounds = self.durable
        return HistogramDataPoint(self.attributes, self.start, now, count, total, buckets, bounds, low, high, exemplars)


@dataclass(frozen=True, slots=True)
class Change:
    """What a series has come to."""

    series: _Series
    state: State

    @property
    def row(self) -> Row:
        """Give what is written down."""
        one = self.series
        return one.number, one.metric, json.dumps(one.attributes), one.start, json.dumps(self.state)

    def publish(self) -> None:
        """Take note that it is durable: from now on it may be exported."""
        self.series.durable = self.state


class SeriesSet(MeterProvider):
    """The series of one resource. `numbers` gives each new one its number. Not thread-safe but for reading.

    A gauge, or anything that is asked at collection, is no part of it: the meter has none of them to report.
    """

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._meter = _Meter(self)
        self._series: dict[str, dict[frozenset[tuple[str, Any]], _Series]] = {}
        self._changed: dict[_Series, None] = {}

    def get_meter(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Attributes = None
    ) -> NoOpMeter:
        """Give the only meter there is."""
        del name, version, schema_url, attributes
        return self._meter

    def series(self, metric: str, attributes: Mapping[str, Any], bounds: tuple[float, ...] | None) -> _Series:
        """Find or begin a series, and note that it changes."""
        of_metric = self._series.setdefault(metric, {})
        key = frozenset(attributes.items())
        found = of_metric.get(key)
        if found is None:
            found = _Series(next(self._numbers), metric, dict(attributes), time.time_ns(), bounds)
            if bounds is not None:
                found.buckets = [0] * (len(bounds) + 1)
            of_metric[key] = found
        self._changed[found] = None
        return found

    def changes(self) -> list[Change]:
        """Give every series that changed since this was asked last."""
        changed, self._changed = self._changed, {}
        return [Change(one, one.state) for one in changed]

    def everything(self) -> list[Change]:
        """Give every series."""
        self._changed = {}
        return [Change(one, one.state) for of_metric in self._series.values() for one in of_metric.values()]

    def restore(self, rows: Iterable[Row]) -> bool:
        """Go on with the series of another process; return whether this version counts into the same ones.

        It does not where a metric has gone, or its edges are others. What was counted can be exported all the same.
        """
        fits = True
        for number, metric, attributes, start, state in rows:
            said = json.loads(state)
            bounds = tuple(said[5]) if len(said) > 1 else None
            one = _Series(number, metric, json.loads(attributes), start, bounds)
            one.resume(_state(said))
            self._series.setdefault(metric, {})[frozenset(one.attributes.items())] = one
            instrument = self._meter.made.get(metric)
            fits = fits and instrument is not None and instrument.bounds == bounds
        return fits

    def values(self, label: str) -> Iterator[str]:
        """Go through the values that a label has, some of them often."""
        for of_metric in self._series.values():
            for one in of_metric.values():
                if value := one.attributes.get(label):
                    yield str(value)

    def metrics(self) -> list[Metric]:
        """Give all that is durable, as of now."""
        now = time.time_ns()
        return [metric for name in list(self._series) if (metric := self._metric(name, now)) is not None]

    def _metric(self, name: str, now: int) -> Metric | None:
        points = [one.point(now) for one in list(self._series[name].values()) if one.durable is not None]
        if not points:
            return None
        instrument = self._meter.made.get(name)
        said = (instrument.unit, instrument.description) if instrument is not None else ("", "")
        numbers = [point for point in points if isinstance(point, NumberDataPoint)]
        data: Sum | Histogram
        if numbers:
            data = Sum(numbers, _CUMULATIVE, is_monotonic=True)
        else:
            data = Histogram([point for point in points if isinstance(point, HistogramDataPoint)], _CUMULATIVE)
        return Metric(name, said[1], said[0], data)


class SeriesReader:
    """Reads a set of series as the SDK's readers do theirs."""

    def __init__(self, series: SeriesSet, resource: Resource) -> None:
        self._series = series
        self.resource = resource

    def get_metrics_data(self) -> MetricsData | None:
        """Give what is durable; None while nothing is."""
        metrics = self._series.metrics()
        if not metrics:
            return None
        return MetricsData([ResourceMetrics(self.resource, [ScopeMetrics(_SCOPE, metrics, "")], "")])


class _Meter(NoOpMeter):
    def __init__(self, series: SeriesSet) -> None:
        super().__init__("heliograph", __version__)
        self._owner = series
        self.made: dict[str, _Counter | _Histogram] = {}

    def create_counter(self, name: str, unit: str = "", description: str = "") -> _Counter:
        made = self.made[name] = _Counter(self._owner, name, unit, description)
        return made

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> _Histogram:
        bounds = tuple(float(edge) for edge in explicit_bucket_boundaries_advisory or ())
        made = self.made[name] = _Histogram(self._owner, name, unit, description, bounds)
        return made


class _Counter(NoOpCounter):
    bounds = None

    def __init__(self, series: SeriesSet, name: str, unit: str, description: str) -> None:
        super().__init__(name, unit, description)
        self._owner, self.name, self.unit, self.description = series, name, unit, description

    def add(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        if amount < 0 or not math.isfinite(amount):
            return
        one = self._owner.series(self.name, attributes or {}, None)
        one.value += amount
        _remember(one, 0, amount, context)


class _Histogram(NoOpHistogram):
    def __init__(self, series: SeriesSet, name: str, unit: str, description: str, bounds: tuple[float, ...]) -> None:
        super().__init__(name, unit, description)
        self._owner, self.name, self.unit, self.description = series, name, unit, description
        self.bounds = bounds

    def record(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        if not math.isfinite(amount):
            return
        one = self._owner.series(self.name, attributes or {}, self.bounds)
        bucket = bisect_left(self.bounds, amount)
        one.buckets[bucket] += 1
        one.count += 1
        one.value += amount
        one.low, one.high = min(one.low, amount), max(one.high, amount)
        _remember(one, bucket, amount, context)


def _remember(one: _Series, bucket: int, amount: float, context: Context | None) -> None:
    """Keep what leads from the number to a trace, where the measurement was made within one."""
    if not context:
        return
    span = get_current_span(context).get_span_context()
    if span.is_valid and span.trace_flags.sampled:
        one.exemplars[bucket] = Exemplar({}, amount, time.time_ns(), span.span_id, span.trace_id)


def _state(said: Sequence[Any]) -> State:
    return tuple(tuple(each) if isinstance(each, list) else each for each in said)
