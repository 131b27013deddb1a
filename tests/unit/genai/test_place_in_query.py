"""What a call's event says of the query it is part of, and the metrics of queries and chains that follow from it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace

import heliograph
from heliograph.genai import _requests
from heliograph.genai import vocabulary as v
from heliograph.genai._requests import Requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Bench

USAGE: dict[str, Any] = {"gen_ai__usage__input_tokens": 1000, "gen_ai__usage__output_tokens": 100}
COST = 1000 * 0.15e-6 + 100 * 0.60e-6  # gpt-4o-mini


def giving(request: int | None) -> Callable[[], int | None]:
    return lambda: request


def calls(bench: Bench) -> list[dict[str, Any]]:
    return [event for event in bench.events if event["event_name"] == "llm.call"]


def test_each_call_says_which_one_it_is_and_what_the_query_has_cost(bench: Bench) -> None:
    with heliograph.query():
        bench.call(**USAGE)
        bench.call(error="RateLimitError")
        bench.call(**USAGE, model="my-own-model")
        bench.call(**USAGE)
    assert [event["query_call"] for event in calls(bench)] == [1, 2, 3, 4]
    # The failed one and the one without a price add nothing.
    assert [event["query_cost_so_far_usd"] for event in calls(bench)] == pytest.approx([COST, COST, COST, 2 * COST])
    assert [("llm_cost_usd" in event) for event in calls(bench)] == [True, False, False, True]


def test_queries_count_their_calls_each_for_itself(bench: Bench) -> None:
    for _ in range(2):
        with heliograph.query():
            bench.call(**USAGE)
            with heliograph.query("inner"):
                bench.call(**USAGE)
    assert [event["query_call"] for event in calls(bench)] == [1, 1, 1, 1]


def test_a_repeated_report_of_a_call_is_no_call_of_the_query(bench: Bench) -> None:
    tracer = bench.tracers.get_tracer("langchain")
    with (
        heliograph.query() as query,
        tracer.start_as_current_span("outer", attributes={"gen_ai.operation.name": "chat"}),
    ):
        bench.call(**USAGE)
    assert query.llm_calls == 1
    assert [event["query_call"] for event in calls(bench)] == [1]


def test_outside_of_a_query_nothing_is_said_of_one(bench: Bench) -> None:
    bench.call(**USAGE)
    assert not {"query_call", "query_cost_so_far_usd", "identical_calls"} & set(calls(bench)[0])


def test_calls_of_many_threads_are_numbered_without_a_gap(bench: Bench) -> None:
    import contextvars

    with heliograph.query() as query:
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(lambda: bench.call(**USAGE),))
            for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [event["query_call"] for event in calls(bench)] == list(range(1, 41))
    assert calls(bench)[-1]["query_cost_so_far_usd"] == pytest.approx(query.cost_usd)


@pytest.mark.parametrize("number", [0, 1, 3, 12])
def test_a_query_has_a_histogram_of_its_calls(bench: Bench, number: int) -> None:
    with heliograph.query("answer", tenant="acme", chain="agent"):
        for _ in range(number):
            bench.call(**USAGE)
    (point,) = bench.points("query_llm_calls", query_type="answer", tenant="acme", chain="agent")
    assert (point.count, point.sum) == (1, number)
    assert point.explicit_bounds == (1, 2, 3, 5, 10, 20, 50, 100)
    assert set(point.attributes) == {"query_type", "tenant", "chain"}


def test_a_chain_has_a_histogram_of_its_runs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("heliograph._clock.perf_counter", lambda: now[0])
    for seconds, error in ((2.0, None), (5.0, LookupError("no"))):
        try:
            with heliograph.chain("retrieve"):
                now[0] += seconds
                if error is not None:
                    raise error
        except LookupError:
            pass
    data = bench.collect()
    for status, seconds in (("success", 2.0), ("error", 5.0)):
        (point,) = bench.pick(data, "chain_latency", status=status)
        assert (point.count, point.sum) == (1, pytest.approx(seconds))
        assert dict(point.attributes) == {"chain": "retrieve", "status": status}
        assert point.explicit_bounds == v.SECONDS
        (exemplar,) = point.exemplars
        assert format(exemplar.trace_id, "032x") != "0" * 32


def test_a_chain_within_a_chain_is_a_run_of_each(bench: Bench) -> None:
    with heliograph.chain("research"):
        for _ in range(2):
            with heliograph.chain("retrieve"):
                pass
    runs = {point.attributes["chain"]: point.count for point in bench.points("chain_latency")}
    assert runs == {"research": 1, "retrieve": 2}


def test_past_the_cap_a_chains_runs_are_of_other(bench: Bench) -> None:
    for number in range(205):
        with heliograph.chain(f"c-{number}"):
            pass
    assert sum(point.count for point in bench.points("chain_latency", chain="other")) == 5


def test_the_ids_of_a_langsmith_trace_are_no_query(bench: Bench) -> None:
    from heliograph.genai._run import RUNS, QueryIds
    from heliograph.integrations._langsmith._spans import _RunOwner

    with bench.tracers.get_tracer("app").start_as_current_span("work") as span:
        where = span.get_span_context()
        RUNS.add((where.trace_id, 0), _RunOwner(QueryIds(user_id="u-1")))
        bench.call(**USAGE)
    (event,) = calls(bench)
    assert event["user_id"] == "u-1"
    assert not {"query_call", "query_cost_so_far_usd"} & set(event)


def test_of_a_query_that_ended_no_hash_is_kept(bench: Bench) -> None:
    with heliograph.query() as query:
        query.requests.sent(1, giving(7))
        query.requests.sent(2, giving(8))
        query.add_call(0.0, 1)
    bench.meter.settle()
    query.requests.sent(3, giving(7))
    assert not query.requests._made
    assert not query.requests._open
    assert bench.events[-1]["identical_calls"] == 1


def test_a_span_that_repeats_a_call_takes_its_request_along(bench: Bench) -> None:
    with heliograph.query() as query:
        span = bench.tracers.get_tracer("langchain").start_span("chat", attributes={"gen_ai.operation.name": "chat"})
        query.requests.sent(span.get_span_context().span_id, giving(7))
        bench.call(context=trace.set_span_in_context(span), **USAGE)
        span.end()
        bench.meter.settle()
        assert query.llm_calls == 1
        assert query.requests._open == {}


def test_the_same_request_is_counted_within_its_query() -> None:
    requests = Requests()
    seen = []
    for span, asked in enumerate([7, 8, 7, 7, None]):
        requests.sent(span, giving(asked))
        seen.append(requests.ended(span))
    assert seen == [1, 1, 2, 3, None]
    assert requests.highest == 3
    assert requests.ended(99) is None, "a call that no instrumentor of ours saw"


def test_requests_are_bounded_and_go_with_their_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_requests, "MOST", 3)
    requests = Requests()
    for span in range(5):
        requests.sent(span, giving(span))
    assert [requests.ended(span) for span in range(5)] == [1, 1, 1, None, None]
    for span, asked in ((5, 3), (6, 1)):
        requests.sent(span, giving(asked))
    assert (requests.ended(5), requests.ended(6)) == (None, 2), "no new ones, but the known ones go on"
    requests.forget()
    requests.sent(7, giving(1))
    assert requests.ended(7) is None
    assert requests.highest == 2
