"""What a counted call says: cost, time, names, ids; and what is bounded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.genai import vocabulary as v
from heliograph.genai._call import Call
from heliograph.meter._request import JSON, RefusedError, parse

if TYPE_CHECKING:
    from collections.abc import Callable

Bench = Any  # tests/unit/meter/conftest.py
START = 1_760_000_000_000_000_000


def s(name: str, **said: Any) -> dict[str, Any]:
    return {"name": name, **said}


def counted(bench: Bench, *spans: dict[str, Any]) -> dict[str, Any]:
    """Send one batch, wait, and give the only event."""
    bench.send(*spans)
    bench.move_to(bench.now + 11.0)
    (event,) = bench.events()
    found: dict[str, Any] = event
    return found


def test_cost_time_and_latency_are_those_of_the_call(bench: Bench) -> None:
    event = counted(bench, s("one", at=(100.0, 102.5)))
    # gpt-4o: 2.50 USD for a million input tokens, 10.00 USD for a million output tokens (openai.com/api/pricing):
    # 1 000 * 2.50e-6 + 200 * 10.00e-6
    assert event["llm_cost_usd"] == pytest.approx(0.0045)
    assert bench.metrics()["shop"]["llm_cost"] == pytest.approx(0.0045)
    assert event["llm_latency_seconds"] == 2.5
    assert event["at"] // 1_000_000 == (START + 102_500_000_000) // 1_000_000
    assert event["metered_by"] == "meter"


def test_calls_that_end_in_one_millisecond_are_two_events_to_loki(bench: Bench) -> None:
    bench.send(s("one", trace="a"), s("two", trace="b"), s("three", trace="c", at=(0.0, 1.000_000_25)))
    bench.move_to(11.0)
    times = [event["at"] for event in bench.events()]
    assert len(set(times)) == 3
    assert all(0 <= at - (START + 1_000_000_000) < 1_000_000 for at in times)
    assert times[2] == START + 1_000_000_250, "a finer clock is believed"


def test_a_model_without_a_price_adds_to_no_cost(bench: Bench) -> None:
    event = counted(bench, s("one", model="our-own-7b"))
    sums = bench.metrics()["shop"]
    assert "llm_cost" not in sums
    assert sums["llm_unpriced_tokens"] == 1200
    assert event["unpriced"] is True


def test_ids_come_from_the_call_and_then_from_what_is_around_it(bench: Bench) -> None:
    event = counted(
        bench,
        s("call", parent="chain", heliograph__prompt_version="7"),
        s("chain", parent="agent", op="invoke_agent", usage=None, user__id="ada", heliograph__chain="support"),
        s("agent", op="invoke_agent", usage=None, user__id="root", session__id="s-1", heliograph__tenant="acme"),
    )
    said = {
        name: event.get(name) for name in ("user_id", "session_id", "tenant", "chain", "prompt_version", "query_type")
    }
    assert said == {
        "user_id": "ada",
        "session_id": "s-1",
        "tenant": "acme",
        "chain": "support",
        "prompt_version": "7",
        "query_type": "default",
    }


def test_ids_of_the_application_stay_when_the_gateway_lends_the_usage(bench: Bench) -> None:
    event = counted(
        bench,
        s("app", usage=None, at=(0.0, 2.0), user__id="ada"),
        s("gw", app="gateway", lib="litellm", parent="app", at=(0.1, 1.9), heliograph__tenant="acme"),
    )
    assert (event["service"], event["user_id"], event["tenant"]) == ("shop", "ada", "acme")
    assert event["llm_input_tokens"] == 1000
    assert event["llm_latency_seconds"] == 2.0


def test_all_kinds_of_tokens_are_lent_with_the_usage() -> None:
    """Writes to a prompt cache for an hour were not: they were billed as writes for five minutes."""
    told = Call(operation="chat", provider="anthropic", model="claude-sonnet-4-5", status="success", latency=1.0)
    kinds = {f.name: i for i, f in enumerate(fields(Call), 1) if f.name.endswith("_tokens")}
    assert len(kinds) >= 8
    given: dict[str, Any] = {**kinds, "usage_estimated": True, "model": "other", "latency": 9.0}
    lent = told.with_usage_of(replace(told, **given))
    assert lent == replace(told, **{**kinds, "usage_estimated": True})  # type: ignore[arg-type]


def test_parallel_streams_get_the_usage_of_their_own_gateway_spans(bench: Bench) -> None:
    spans = []
    for i in range(6):
        spans.append(s(f"app{i}", usage=None, at=(i / 10, 3 + i / 10), user__id=f"user{i}"))
        spans.append(s(f"gw{i}", app="gateway", lib="litellm", usage=(100 + i, 1), at=(i / 10 + 0.02, 2.98 + i / 10)))
    bench.send(*spans)
    bench.move_to(11.0)
    assert {event["user_id"]: event["llm_input_tokens"] for event in bench.events()} == {
        f"user{i}": 100 + i for i in range(6)
    }


def test_exemplars_lead_to_the_trace_of_the_call(bench: Bench) -> None:
    event = counted(bench, s("one"))
    assert event
    (counters,) = bench.service.applications.all()
    data = counters.reader.get_metrics_data()
    metrics = {m.name: m for r in data.resource_metrics for scope in r.scope_metrics for m in scope.metrics}
    for name in ("llm_latency", "llm_cost"):
        (point,) = metrics[name].data.data_points
        (exemplar,) = point.exemplars
        assert f"{exemplar.trace_id:032x}" == hashlib.sha256(b"trace").hexdigest()[:32]


def test_metrics_go_out_under_the_applications_name_and_the_meters_instance(bench: Bench) -> None:
    counted(bench, s("one"))
    (counters,) = bench.service.applications.all()
    attributes = dict(counters.reader.get_metrics_data().resource_metrics[0].resource.attributes)
    assert attributes["service.name"] == "shop"
    assert attributes["telemetry.distro.name"] == "heliograph-meter"
    assert attributes["service.instance.id"].startswith("heliograph-meter-")
    assert "process.pid" not in attributes


def test_versions_and_environments_have_their_own_series(bench: Bench, describe: Any) -> None:
    spans = [describe(f"call{i}", trace=f"trace{i}") for i in range(4)]
    for described, (name, value) in zip(
        spans[1:],
        [("service.version", "2"), ("deployment.environment", "staging"), ("service.namespace", "store")],
        strict=True,
    ):
        described["resource"]["attributes"].append({"key": name, "value": {"stringValue": value}})
    bench.service.take(parse(json.dumps({"resourceSpans": spans}).encode(), JSON))
    bench.move_to(11.0)
    resources = [
        counters.reader.get_metrics_data().resource_metrics[0].resource.attributes
        for counters in bench.service.applications.all()
    ]
    assert len({resource["service.instance.id"] for resource in resources}) == 4
    said = ("service.version", "deployment.environment.name", "service.namespace")
    assert [[resource.get(name) for name in said] for resource in resources] == [
        [None, None, None],
        ["2", None, None],
        [None, "staging", None],
        [None, None, "store"],
    ]


def test_applications_beyond_the_cap_are_counted_as_other(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(changes={"applications": 2})
    bench.send(*(s(f"call{i}", trace=f"t{i}", app=f"app{i % 5}") for i in range(10)))
    bench.move_to(11.0)
    assert {app: sums["llm_requests"] for app, sums in bench.metrics().items()} == {"app0": 2, "app1": 2, "other": 6}
    assert bench.service.tally.folded == 6


def test_an_idle_application_goes_once_its_numbers_were_delivered(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(changes={"idle": 60.0})
    bench.send(s("one"))
    bench.move_to(11.0)
    applications = bench.service.applications
    bench.now = 200.0
    applications.remove_idle(bench.now)
    assert len(applications) == 1, "nothing was delivered yet"
    for _, taken in bench.service._readers():
        taken()
    applications.remove_idle(bench.now)
    assert len(applications) == 0
    (before,) = bench.events()
    bench.send(s("two", trace="later"))
    bench.move_to(300.0)
    assert bench.metrics()["shop"]["llm_requests"] == 1, "new counters, under a new instance"
    assert before["service"] == "shop"


def test_a_call_that_is_counted_while_numbers_are_sent_is_not_taken_for_sent(bench: Bench) -> None:
    """The time of an export is taken while nothing is counted: a call counted later has a later time."""
    bench.send(s("one"))
    bench.move_to(11.0)
    asked: list[bool] = []

    def clock() -> float:
        asked.append(bench.service._lock.locked())
        return 11.0

    bench.service._clock = clock
    bench.service._readers()
    assert asked == [True]


def test_when_too_many_wait_the_oldest_is_decided_early(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(changes={"waiting": 3})
    bench.send(*(s(f"call{i}", trace=f"t{i}", usage=(i, 1)) for i in range(1, 6)))
    assert len(bench.service.room) == 3
    assert [event["llm_input_tokens"] for event in bench.events()] == [1, 2]
    assert bench.service.tally.decided_early == 2


def test_memory_of_spans_is_bounded_and_loses_no_call(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(changes={"remembered": 100})
    bench.send(*(s(f"call{i}", parent="agent") for i in range(500)))
    assert len(bench.service.room._memory) == 100
    bench.move_to(11.0)
    assert bench.metrics()["shop"]["llm_requests"] == 500
    memory = bench.service.room._memory
    assert len(memory._traces) <= 100
    assert len(memory._inner) <= 101
    bench.send(*(s(f"other{i}", trace=f"other{i}", answer=f"id{i}") for i in range(300)))
    bench.move_to(30.0)
    assert max(len(memory._traces), len(memory._answers), len(memory._inner)) <= 101


def test_a_megabyte_where_a_name_belongs_is_not_kept(bench: Bench) -> None:
    long = "x" * 1_000_000
    event = counted(bench, s("one", model=long, answer=long, user__id=long, gen_ai__response__finish_reason=long))
    assert max(len(str(value)) for value in event.values()) < 1_000


def test_a_waiting_call_is_decided_before_it_is_forgotten(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(changes={"remembered": 100})
    bench.send(s("provider", parent="framework", at=(0.1, 0.9)), s("framework", lib="langchain"))
    bench.send(*(s(f"agent{i}", op="invoke_agent", usage=None) for i in range(150)))
    bench.move_to(11.0)
    assert bench.metrics()["shop"]["llm_requests"] == 1
    assert bench.service.tally.decided_early == 2


def test_while_events_cannot_be_delivered_nothing_more_is_taken_or_decided(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(changes={"undelivered": 2})
    bench.send(*(s(f"call{i}", trace=f"t{i}") for i in range(2)))
    bench.move_to(5.0)
    bench.send(s("waits", trace="t9"))
    bench.move_to(60.0)
    assert (len(bench.events()), len(bench.service.room)) == (2, 1)
    with pytest.raises(RefusedError) as refused:
        bench.send(s("refused", trace="t10"))
    assert refused.value.status == 503
    bench.service.events.drop(2)
    bench.move_to(61.0)
    assert (len(bench.events()), len(bench.service.room)) == (1, 0)


def test_a_defect_in_the_comparison_loses_no_call(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("heliograph.meter._room.decide", broken)
    event = counted(bench, s("one"))
    assert event["llm_input_tokens"] == 1000


def test_what_the_meter_says_of_itself_is_what_the_vocabulary_names(bench: Bench) -> None:
    data = bench.service._own.get_metrics_data()
    said = {
        metric.name: {key for point in metric.data.data_points for key in point.attributes}
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    about_the_process = {v.HEARTBEAT.name, v.CLEAN_EXIT.name, v.PRICE_AGE.name}
    named = {spec.name: {*spec.labels} for spec in v.METER_METRICS}
    assert {name: labels for name, labels in said.items() if name not in about_the_process} == named
