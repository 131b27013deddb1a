"""The SDK's metric points as prometheus_client's metric families."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics.export import Histogram, Sum
from opentelemetry.trace import format_span_id, format_trace_id
from prometheus_client.core import (
    CounterMetricFamily,
    Exemplar,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opentelemetry.sdk.metrics.export import HistogramDataPoint, MetricsData, NumberDataPoint

__all__ = ["families"]

_UNITS: Final = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "1": ""}
_INVALID: Final = re.compile(r"[^a-zA-Z0-9_]")


def families(data: MetricsData | None) -> Iterable[Metric]:
    """One family per metric, and `target_info` with the resource, as Prometheus makes it from OTLP."""
    if data is None:
        return
    for resource in data.resource_metrics:
        yield InfoMetricFamily(
            "target", "Resource", {_label(k): str(value) for k, value in resource.resource.attributes.items()}
        )
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield _family(metric.name, metric.unit or "", metric.description or "", metric.data)


def _family(name: str, unit: str, description: str, data: Any) -> Metric:  # noqa: ANN401
    suffix = _UNITS.get(unit, "" if unit.startswith("{") else unit)
    full = _INVALID.sub("_", f"{name}_{suffix}" if suffix and not name.endswith(suffix) else name)
    points = list(data.data_points)
    names = sorted({_label(key) for point in points for key in (point.attributes or {})})
    if isinstance(data, Histogram):
        return _histogram(HistogramMetricFamily(full, description, labels=names), names, points)
    if isinstance(data, Sum) and data.is_monotonic:
        counter = CounterMetricFamily(full, description, labels=names)
        for point in points:
            counter.add_metric(
                _values(point.attributes, names),
                point.value,
                created=_seconds(point.start_time_unix_nano),
                exemplar=_newest(point),
            )
        return counter
    gauge = GaugeMetricFamily(full, description, labels=names)
    for point in points:
        gauge.add_metric(_values(point.attributes, names), point.value)
    return gauge


def _histogram(
    family: HistogramMetricFamily, names: Sequence[str], points: Sequence[HistogramDataPoint]
) -> HistogramMetricFamily:
    for point in points:
        edges = [*point.explicit_bounds, float("inf")]
        exemplars = _by_bucket(point, edges)
        total = 0
        buckets: list[Any] = []
        for index, count in enumerate(point.bucket_counts):
            total += count
            edge = floatToGoString(edges[index])  # type: ignore[no-untyped-call]
            found = exemplars.get(index)
            buckets.append((edge, total) if found is None else (edge, total, found))
        family.add_metric(_values(point.attributes, names), buckets, point.sum)
    return family


def _by_bucket(point: HistogramDataPoint, edges: Sequence[float]) -> dict[int, Exemplar]:
    """Find the newest exemplar of each bucket."""
    found: dict[int, Exemplar] = {}
    for exemplar in sorted(point.exemplars, key=lambda each: each.time_unix_nano):
        index = next(i for i, edge in enumerate(edges) if exemplar.value <= edge)
        found[index] = _exemplar(exemplar)
    return found


def _newest(point: NumberDataPoint) -> Exemplar | None:
    newest = max(point.exemplars, key=lambda each: each.time_unix_nano, default=None)
    return None if newest is None else _exemplar(newest)


def _exemplar(found: Any) -> Exemplar:  # noqa: ANN401
    labels = {}
    if found.trace_id and found.span_id:
        labels = {"trace_id": format_trace_id(found.trace_id), "span_id": format_span_id(found.span_id)}
    return Exemplar(labels, float(found.value), _seconds(found.time_unix_nano))


def _values(attributes: Mapping[str, Any] | None, names: Sequence[str]) -> list[str]:
    said = {_label(key): str(value) for key, value in (attributes or {}).items()}
    return [said.get(name, "") for name in names]


def _label(name: str) -> str:
    clean = _INVALID.sub("_", name)
    return f"_{clean}" if clean[:1].isdigit() else clean


def _seconds(nanoseconds: int | None) -> float:
    return (nanoseconds or 0) / 1e9
