"""Start times that Prometheus can use, also for the series of a process that ends at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.metrics.export import Histogram, Sum

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import Metric, MetricsData

__all__ = ["EARLIER_NS", "points_of", "with_earlier_starts"]

EARLIER_NS: Final = 10_000_000
"""Nanoseconds: more than Prometheus' resolution of a millisecond, less than anything a person could notice."""


def with_earlier_starts(data: MetricsData) -> MetricsData:
    """Return `data` with every start of a sum or histogram 10 ms earlier.

    The SDK takes the time of a series' first measurement for its start. A script that measures and exports within
    the same millisecond sends a start that equals the point's own time; Prometheus ignores such a start, and the
    script's only increment would be missing from `increase`. The shift is the same at every export: a start that
    moves would be read as a counter reset.
    """
    return replace(
        data,
        resource_metrics=[
            replace(
                resource,
                scope_metrics=[
                    replace(scope, metrics=[_earlier(metric) for metric in scope.metrics])
                    for scope in resource.scope_metrics
                ],
            )
            for resource in data.resource_metrics
        ],
    )


def points_of(data: MetricsData) -> int:
    """Count the points of a collection."""
    return sum(
        len(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def _earlier(metric: Metric) -> Metric:
    if isinstance(metric.data, Sum):
        numbers = [replace(p, start_time_unix_nano=_before(p.start_time_unix_nano)) for p in metric.data.data_points]
        return replace(metric, data=replace(metric.data, data_points=numbers))
    if isinstance(metric.data, Histogram):
        points = [replace(p, start_time_unix_nano=_before(p.start_time_unix_nano)) for p in metric.data.data_points]
        return replace(metric, data=replace(metric.data, data_points=points))
    return metric


def _before(start: int | None) -> int:
    return max(0, (start or 0) - EARLIER_NS)
