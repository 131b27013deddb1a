"""A batch's counts arrive as they would one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from heliograph.genai._sums import Sums

if TYPE_CHECKING:
    from collections.abc import Callable

ADDED = [(1, {"model": "a"}), (2, {"model": "b"}), (4, {"model": "a"}), (8, {"model": "a", "status": "error"})]


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def counter(reader: InMemoryMetricReader) -> Any:
    return MeterProvider([reader], shutdown_on_exit=False).get_meter("test").create_counter("counted")


def points(reader: InMemoryMetricReader) -> list[Any]:
    data: Any = reader.get_metrics_data()
    if data is None:
        return []
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    return list(metric.data.data_points)


def told(reader: InMemoryMetricReader) -> list[tuple[dict[str, Any], int]]:
    return sorted(((dict(point.attributes), point.value) for point in points(reader)), key=lambda p: p[1])


def test_the_sums_are_told_by_labels(counter: Any, reader: InMemoryMetricReader) -> None:
    sums = Sums()
    for amount, labels in ADDED:
        sums.add(counter, amount, labels)
    assert told(reader) == []
    sums.tell()
    assert told(reader) == [({"model": "b"}, 2), ({"model": "a"}, 5), ({"model": "a", "status": "error"}, 8)]


@pytest.mark.parametrize("after", [Sums.tell, Sums.forget], ids=["told", "forgotten"])
def test_nothing_is_told_twice(counter: Any, reader: InMemoryMetricReader, after: Callable[[Sums], None]) -> None:
    sums = Sums()
    sums.add(counter, 1, {"model": "a"})
    after(sums)
    before = told(reader)
    sums.tell()
    assert told(reader) == before
    assert before == ([({"model": "a"}, 1)] if after is Sums.tell else [])


def test_labels_may_be_changed_afterwards(counter: Any, reader: InMemoryMetricReader) -> None:
    sums, labels = Sums(), {"model": "a"}
    sums.add(counter, 1, labels)
    labels["model"] = "b"
    sums.tell()
    assert told(reader) == [({"model": "a"}, 1)]


def test_a_sum_has_no_exemplar_of_the_span_in_which_it_is_told(counter: Any, reader: InMemoryMetricReader) -> None:
    sums = Sums()
    sums.add(counter, 1, {"model": "a"})
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("whoever settles"):
        sums.tell()
    assert [point.exemplars for point in points(reader)] == [[]]
