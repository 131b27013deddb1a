"""The start of a series lies before its first point, always by the same time."""

from __future__ import annotations

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData

from heliograph.telemetry._start_times import EARLIER_NS, with_earlier_starts


def _collected() -> MetricsData:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    meter = provider.get_meter("test")
    meter.create_counter("calls").add(1, {"model": "m"})
    meter.create_histogram("latency").record(0.2)
    meter.create_gauge("quota").set(5)
    data = reader.get_metrics_data()
    assert data is not None
    return data


def _points(data: MetricsData, name: str) -> list[tuple[int, int, object]]:
    metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics if m.name == name]
    return [
        (p.start_time_unix_nano or 0, p.time_unix_nano, getattr(p, "value", None))
        for m in metrics
        for p in m.data.data_points
    ]


def test_sums_and_histograms_start_ten_milliseconds_earlier() -> None:
    data = _collected()
    shifted = with_earlier_starts(data)
    for name in ("calls", "latency"):
        ((start, when, value),) = _points(data, name)
        assert _points(shifted, name) == [(start - EARLIER_NS, when, value)]
        assert _points(shifted, name)[0][0] < when - 1_000_000


def test_gauges_are_left_alone() -> None:
    data = _collected()
    assert _points(with_earlier_starts(data), "quota") == _points(data, "quota")
