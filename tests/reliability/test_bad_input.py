"""Bad input of every kind: that item is refused or left out, and counted; its neighbours arrive."""

from __future__ import annotations

import gzip
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._stores import Prometheus

from ._edge import (
    HOUR,
    LARGEST,
    Edge,
    delta,
    gauge,
    log,
    logs,
    metrics,
    service,
    soon,
    span,
    spans,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.stack import Stack


@pytest.fixture(scope="module")
def edge(stack: Stack) -> Edge:
    return Edge(stack)


def right(size: int) -> bytes:
    """Return a request that is in order, of so many bytes: JSON may end in spaces."""
    return json.dumps(logs("bad-large", log("large"))).encode().ljust(size)


# What is sent → the path, and the status of the answer.
REFUSED: dict[str, tuple[str, Callable[[], bytes], dict[str, str], set[int]]] = {
    "malformed JSON": ("/v1/logs", lambda: b'{"resourceLogs": [', {}, {400}),
    "malformed protobuf": ("/v1/traces", lambda: b"\xff" * 64, {"Content_Type": "application/x-protobuf"}, {400}),
    "another kind of body": ("/v1/metrics", lambda: b"<xml/>", {"Content_Type": "text/xml"}, {415}),
    # Nothing is wrong with these two but their size.
    "too large": ("/v1/logs", lambda: right(LARGEST + 1), {}, {400, 413, 0}),
    "a gzip bomb": (
        "/v1/logs",
        lambda: gzip.compress(right(40 * LARGEST), compresslevel=9),
        {"Content_Encoding": "gzip"},
        {400, 413},
    ),
    "no gzip": ("/v1/logs", lambda: b"not compressed at all", {"Content_Encoding": "gzip"}, {400}),
    "invalid UTF-8": (
        "/v1/logs",
        # LogsData { resource_logs { scope_logs { log_records { body { string_value: "\xff\xfe" } } } } }
        lambda: bytes.fromhex("0a0c120a1208" + "2a06" + "0a04fffefdfc"),
        {"Content_Type": "application/x-protobuf"},
        {200, 400},
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_request_is_refused_with_a_reason_and_the_next_one_is_taken(edge: Edge, what: str) -> None:
    path, body, headers, statuses = REFUSED[what]
    assert edge.post(path, body(), **headers) in statuses
    name = service()
    assert edge.post("/v1/logs", logs(name, log("the next one"))) == 200
    assert soon(lambda: edge.lines(name) == ["the next one"])
    assert [server.name for server in edge.stack.status() if not server.ready] == []


# What is left out → the point, and the filter that counts it.
LEFT_OUT: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "NaN": (lambda: gauge("bad_reading", "NaN"), "filter/not_a_number"),
    "a delta": (lambda: delta("bad_reading"), "filter/delta"),
    "8 days old": (lambda: gauge("bad_reading", 1.0, 8 * 24 * HOUR), "filter/out_of_window"),
    "1 h ahead": (lambda: gauge("bad_reading", 1.0, -HOUR), "filter/out_of_window"),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_a_bad_point_is_left_out_and_counted_and_its_neighbours_arrive(edge: Edge, what: str) -> None:
    make, counts = LEFT_OUT[what]
    name, other = service(), service()
    body = metrics(name, gauge("good_reading", 1.0), make(), gauge("also_good", 2.0))
    body["resourceMetrics"] += metrics(other, gauge("good_reading", 3.0))["resourceMetrics"]
    counted = f'sum(otelcol_processor_filter_datapoints_filtered_total{{job="collector", filter="{counts}"}})'
    before = edge.number(counted)
    assert edge.post("/v1/metrics", body) == 200
    assert soon(lambda: edge.values(name, "good_reading") == edge.values(name, "also_good") == 1)
    assert soon(lambda: edge.values(other, "good_reading") == 1)
    assert edge.values(name, "bad_reading") == edge.values(name, "bad_reading_total") == 0
    assert soon(lambda: edge.number(counted) > before)


def test_two_values_for_one_time_are_refused_and_counted_and_other_applications_arrive(edge: Edge) -> None:
    """Prometheus rolls the whole request back for it: requests are not merged, so it is this application's only."""
    name, other = service(), service()
    one, two = gauge("bad_reading", 1.0), gauge("bad_reading", 2.0)
    two["gauge"]["dataPoints"][0]["timeUnixNano"] = one["gauge"]["dataPoints"][0]["timeUnixNano"]
    lost = 'sum(otelcol_exporter_send_failed_metric_points_total{job="collector"})'
    before = edge.number(lost)
    assert edge.post("/v1/metrics", metrics(name, one)) == 200
    assert soon(lambda: edge.values(name, "bad_reading") == 1)
    assert edge.post("/v1/metrics", metrics(name, two)) == 200
    assert edge.post("/v1/metrics", metrics(other, gauge("good_reading", 3.0))) == 200
    assert soon(lambda: edge.values(other, "good_reading") == 1)
    assert soon(lambda: edge.number(lost) > before)


def test_an_old_line_is_thrown_away_and_counted_and_its_neighbours_arrive(edge: Edge) -> None:
    name = service()
    thrown = "sum(loki_discarded_samples_total)"
    before = edge.number(thrown)
    body = logs(name, log("new"), log("9 days old", 9 * 24 * HOUR), log("2 h ahead", -2 * HOUR), log("also new"))
    assert edge.post("/v1/logs", body) == 200
    # In a stream of its own, where it is not behind anything.
    alone, other = service(), service()
    lonely = logs(alone, log("8 days and 12 hours old", 8.5 * 24 * HOUR))
    lonely["resourceLogs"] += logs(other, log("new"))["resourceLogs"]
    assert edge.post("/v1/logs", lonely) == 200
    assert soon(lambda: sorted(edge.lines(name)) == ["also new", "new"])
    assert soon(lambda: edge.lines(other) == ["new"])
    assert edge.lines(alone) == []
    assert soon(lambda: edge.number(thrown) >= before + 3)


def test_an_attribute_of_a_megabyte_harms_no_other(edge: Edge) -> None:
    name, trace = service(), secrets.token_hex(16)
    huge = "x" * 1_000_000
    assert edge.post("/v1/traces", spans(name, span(trace, "huge", blob=huge), span(trace, "small"))) == 200
    assert edge.post("/v1/logs", logs(name, log("huge", blob=huge))) == 200  # Loki: at most 64 KB beside the line
    assert edge.post("/v1/logs", logs(name, log("small"))) == 200
    assert soon(lambda: "small" in edge.names(trace))
    assert soon(lambda: "small" in edge.lines(name))


def test_labels_without_end_are_stored_and_told(edge: Edge) -> None:
    """Prometheus takes them until HighCardinality tells; here: others are not harmed by 5 000 series at once."""
    name, other = service(), service()
    burst = [gauge("bad_reading", 1.0, user=secrets.token_hex(8)) for _ in range(5_000)]
    assert edge.post("/v1/metrics", metrics(name, *burst)) == 200
    assert edge.post("/v1/metrics", metrics(other, gauge("good_reading", 3.0))) == 200
    assert soon(lambda: edge.values(other, "good_reading") == 1)
    assert soon(lambda: edge.number(f'count(bad_reading{{job="{name}"}})') == len(burst))


def test_senders_with_wrong_clocks_are_told_apart(edge: Edge) -> None:
    """4 h behind and 9 min ahead are taken, as durable as any; what is beyond the limits is tested above."""
    for age, there in ((4 * HOUR, True), (-540.0, True)):
        name = service()
        at = time.time() - age
        assert edge.post("/v1/metrics", metrics(name, gauge("good_reading", 1.0, age))) == 200
        asked = f'good_reading{{job="{name}"}}'
        assert (
            soon(
                lambda asked=asked, at=at: bool(Prometheus(edge.stack.urls["prometheus"]).query(asked, at=at + 5))  # type: ignore[misc]
            )
            is there
        )
