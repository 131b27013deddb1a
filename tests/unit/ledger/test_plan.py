"""From a plan to numbers, ids, timestamps and requests."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from heliograph.errors import HeliographError
from heliograph.ledger import Plan
from heliograph.ledger._plan import Course, Signal, new_run_id
from heliograph.ledger._records import COUNTER, Requests
from heliograph.ledger._template import Template

RUN = "abcdef0123456789"
STARTED = 1_795_269_384.5


def _course(signal: Signal, plan: Plan | None = None, sender: int = 0) -> Course:
    courses = (plan or Plan()).courses(RUN, STARTED)
    return next(c for c in courses if c.signal == signal and c.sender == sender)


def _attributes(pairs: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in pairs}


def _resource(message: Any) -> dict[str, str]:
    (resource,) = message
    return _attributes(resource.resource.attributes)


def test_a_span_is_what_the_course_says() -> None:
    course = _course("spans", sender=1)
    message = ExportTraceServiceRequest.FromString(Requests(course, 20).request(98, 4))
    assert _resource(message.resource_spans)["service.instance.id"] == f"{RUN}-1"
    spans = message.resource_spans[0].scope_spans[0].spans
    assert [_attributes(span.attributes)["heliograph.ledger.sequence"] for span in spans] == [
        "0000000098",
        "0000000099",
        "0000000100",
        "0000000101",
    ]
    for number, span in enumerate(spans, 98):
        assert (span.trace_id, span.span_id) == (course.trace_id(number), course.span_id(number))
        assert span.start_time_unix_nano == course.time(number) < span.end_time_unix_nano
        assert _attributes(span.attributes)["heliograph.ledger.run"] == RUN
        assert len(_attributes(span.attributes)["heliograph.ledger.padding"]) == 20
    assert len({span.trace_id for span in spans}) == 2, "100 spans a trace"
    assert spans[0].trace_id.hex().startswith(RUN)


def test_a_log_is_what_the_course_says() -> None:
    course = _course("logs")
    message = ExportLogsServiceRequest.FromString(Requests(course, 0).request(7, 3))
    logs = message.resource_logs[0].scope_logs[0].log_records
    assert [log.body.string_value for log in logs] == [f"run={RUN} sequence=000000000{n}" for n in (7, 8, 9)]
    assert [log.time_unix_nano for log in logs] == [course.time(n) for n in (7, 8, 9)]
    assert len({log.time_unix_nano for log in logs}) == 3, "pages are told apart by time"


def test_a_point_has_its_number_as_value_and_its_round_as_time() -> None:
    course = _course("points", Plan(points=10, series=4, senders=2))
    assert course.group == 2
    message = ExportMetricsServiceRequest.FromString(Requests(course, 0).request(3, 3))
    metric = message.resource_metrics[0].scope_metrics[0].metrics[0]
    assert metric.name == COUNTER
    assert metric.sum.is_monotonic
    assert metric.sum.aggregation_temporality == 2, "cumulative"
    points = metric.sum.data_points
    assert [point.as_int for point in points] == [4, 5, 6]
    assert [_attributes(point.attributes)["series"] for point in points] == ["00001", "00000", "00001"]
    assert [point.time_unix_nano for point in points] == [course.time(n) for n in (3, 4, 5)]
    assert points[1].time_unix_nano == points[2].time_unix_nano > points[0].time_unix_nano


@pytest.mark.parametrize("signal", ["spans", "logs", "points"])
def test_a_request_of_any_size_is_whole(signal: Signal) -> None:
    course = _course(signal, Plan(spans=5000, logs=5000, points=5000, batch=5000))
    kinds: dict[Signal, Any] = {
        "spans": ExportTraceServiceRequest,
        "logs": ExportLogsServiceRequest,
        "points": ExportMetricsServiceRequest,
    }
    for count in (1, 2, 127, 128, 1250):
        body = Requests(course, 120).request(0, count)
        assert kinds[signal].FromString(body).ByteSize() == len(body), "nothing is unknown to protobuf"


def test_a_shift_moves_timestamps_and_nothing_else() -> None:
    now, then = (_course("logs", Plan(shift=shift)) for shift in (0.0, -14_400.0))
    assert now.time(5) - then.time(5) == 14_400 * 10**9
    assert now.due(5) == then.due(5)


def test_senders_share_the_rate_and_no_id() -> None:
    plan = Plan(spans=90, logs=90, points=90, duration=10, senders=3)
    courses = [course for course in plan.courses(RUN, STARTED) if course.signal == "spans"]
    assert [course.count for course in courses] == [300, 300, 300]
    ids = {(course.trace_id(n), course.span_id(n)) for course in courses for n in range(course.count)}
    assert len(ids) == 900
    assert {course.trace_id(0)[:8].hex() for course in courses} == {RUN}


def test_a_slow_stream_does_not_wait_long_for_its_batch() -> None:
    assert _course("logs", Plan(logs=20)).batch == 5
    assert _course("logs", Plan(logs=0.2)).batch == 1
    assert _course("logs", Plan(logs=100_000)).batch == 500


def test_every_series_has_another_time_for_every_point() -> None:
    course = _course("points", Plan(points=10_000, series=1000, senders=2))
    times = [course.time(n) // 10**6 for n in range(3, 20_000, course.group)]
    assert len(set(times)) == len(times), "Prometheus keeps one sample for a millisecond"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spans": 0, "logs": 0, "points": 0}, "nothing is to be sent"),
        ({"spans": -1}, "spans: -1/s"),
        ({"points": float("nan")}, "points: nan/s"),
        ({"duration": 0}, "a duration of 0 s"),
        ({"senders": 0}, "0 senders"),
        ({"batch": 0}, "batches of 0"),
        ({"settle": -1}, "below its least value"),
    ],
)
def test_what_cannot_be_sent_is_said_before(change: dict[str, Any], said: str) -> None:
    with pytest.raises(HeliographError) as error:
        Plan(**change)
    assert said in error.value.why
    assert error.value.exit_code == 2


def test_no_run_looks_like_the_number_of_a_card() -> None:
    for _ in range(200):
        run = new_run_id()
        assert len(bytes.fromhex(run)) == 8
        assert run[0].isalpha()


def test_a_template_refuses_marks_it_cannot_tell_apart() -> None:
    with pytest.raises(ValueError, match="2 times"):
        Template(1, b"##..##", [b"##", b".."])
    with pytest.raises(ValueError, match="another order"):
        Template(1, b"##..@@", [b"@@", b"##"])
