"""Log records and points that are larger than a batch of the collector: they take none of their neighbours along.

The collector drops a record that does not fit into `max_size`, and the rest of its batch with it, and counts neither
(0.152: exporterhelper/internal/queuebatch/traces_batch.go and its sisters, `split`).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from ._edge import Edge, attributes, gauge, log, logs, metrics, resource, service, soon

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.stack import Stack

HUGE = "x" * 3_000_000
WIDE = "ж" * 1_500_000  # two bytes each
LINE = 1_000_000
"""Bytes of a line that are kept."""


@pytest.fixture(scope="module")
def edge(stack: Stack) -> Edge:
    return Edge(stack)


def structured(value: dict[str, Any]) -> dict[str, Any]:
    return log("") | {"body": value}


def fields(number: int, size: int) -> dict[str, Any]:
    return log("small") | {"attributes": attributes(**{f"key{n}": "x" * size for n in range(number)})}


# What is huge → the record, and how many bytes of its line are to be found; None: Loki refuses it, and that is counted.
RECORDS: dict[str, tuple[Callable[[], dict[str, Any]], int | None]] = {
    "a line": (lambda: log(HUGE), LINE),
    "a line of wide characters": (lambda: log(WIDE), LINE),
    "a body that is a map": (
        lambda: structured({"kvlistValue": {"values": [{"key": "x", "value": {"stringValue": HUGE}}]}}),
        LINE,
    ),
    "a body of bytes": (lambda: structured({"bytesValue": "QUJD" * 700_000}), LINE),
    "a field": (lambda: log("small", blob=HUGE), None),
    "fields of 3 MB together": (lambda: fields(100, 30_000), None),
    "ten thousand fields": (lambda: fields(10_000, 200), None),
}


@pytest.mark.parametrize("what", RECORDS)
def test_a_huge_record_takes_no_other_along(edge: Edge, what: str) -> None:
    make, length = RECORDS[what]
    name = service()
    assert edge.post("/v1/logs", logs(name, log("before"), make(), log("after"))) == 200
    expected = sorted([len("before"), len("after"), *([length] if length else [])])
    assert soon(lambda: sorted(len(line.encode()) for line in edge.lines(name)) == expected)


def test_what_a_resource_says_is_cut(edge: Edge) -> None:
    name = service()
    body = logs(name, log("one"))
    body["resourceLogs"][0]["resource"] = {"attributes": attributes(service__name=name, blob=HUGE)}
    assert edge.post("/v1/logs", body) == 200
    assert soon(lambda: edge.lines(name) == ["one"])


def test_a_line_as_long_as_lines_may_be_is_stored_whole(edge: Edge) -> None:
    name = service()
    assert edge.post("/v1/logs", logs(name, log("x" * 900_000, said="y" * 30_000))) == 200
    assert soon(lambda: [len(line) for line in edge.lines(name)] == [900_000])


@pytest.mark.parametrize("where", ["a label", "the resource"])
def test_a_point_with_a_huge_label_is_left_out_and_counted(edge: Edge, where: str) -> None:
    name, metric = service(), "bad_" + secrets.token_hex(4)
    counted = 'sum(otelcol_processor_filter_datapoints_filtered_total{filter="filter/too_large"})'
    before = edge.number(counted)
    if where == "a label":
        bad = metrics(
            name, gauge(metric + "_before", 1.0), gauge(metric, 1.0, blob=HUGE), gauge(metric + "_after", 1.0)
        )
    else:
        good = metrics(name, gauge(metric + "_before", 1.0), gauge(metric + "_after", 1.0))
        bad = metrics(name, gauge(metric, 1.0))
        bad["resourceMetrics"][0]["resource"] = resource(HUGE)
        bad["resourceMetrics"] += good["resourceMetrics"]
    assert edge.post("/v1/metrics", bad) == 200
    assert soon(lambda: edge.values(name, metric + "_before") == edge.values(name, metric + "_after") == 1)
    assert edge.values(name, metric) == 0
    assert soon(lambda: edge.number(counted) == before + 1)
