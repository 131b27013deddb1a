"""`heliograph.query` and `heliograph.chain` in all their forms."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace

import heliograph
from heliograph.genai import current_query

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator

    from .conftest import Bench

USAGE: dict[str, Any] = {"gen_ai__usage__input_tokens": 1000, "gen_ai__usage__output_tokens": 100}


def test_a_query_counts_its_calls_and_carries_its_ids(bench: Bench) -> None:
    with heliograph.query(
        "answer", user_id="u-1", session_id="s-1", tenant="acme", chain="rag", prompt_name="p", prompt_version="3"
    ) as query:
        bench.call(**USAGE)
        with heliograph.chain("retrieve"):
            bench.call(**USAGE)
    (cost,) = bench.points("query_cost", query_type="answer", tenant="acme", chain="rag")
    assert cost.sum == pytest.approx(2 * 0.00021)
    assert query.llm_calls == 2
    assert bench.total("query_requests", status="success", query_type="answer", tenant="acme", chain="rag") == 1
    assert bench.total("llm_requests", chain="rag", tenant="acme") == 1
    assert bench.total("llm_requests", chain="retrieve", tenant="acme") == 1
    for name in ("query answer", "chain retrieve", "chat gpt-4o-mini"):
        said = bench.spans[name].attributes or {}
        assert said["user.id"] == "u-1", name
        assert said["session.id"] == "s-1", name
        assert said["heliograph.tenant"] == "acme", name
        assert said["gen_ai.prompt.name"] == "p", name
        assert format(bench.spans[name].context.trace_id, "032x") == query.trace_id


def test_the_wide_event_says_whose_call_it_was(bench: Bench) -> None:
    with heliograph.query("answer", user_id="u-1", session_id="s-1", prompt_name="p", prompt_version="3"):
        bench.call(**USAGE, gen_ai__response__id="r-1", gen_ai__response__finish_reasons=["stop"])
    call, query = bench.events
    assert (
        call.items()
        >= {
            "event_name": "llm.call",
            "user_id": "u-1",
            "session_id": "s-1",
            "query_type": "answer",
            "prompt_name": "p",
            "prompt_version": "3",
            "llm_input_tokens": 1000,
            "llm_output_tokens": 100,
            "finish_reason": "stop",
            "response_id": "r-1",
            "unpriced": False,
        }.items()
    )
    assert query.items() >= {"event_name": "query.finished", "user_id": "u-1", "llm_calls": 1}.items()
    assert [record.event_name for record in bench.records] == ["llm.call", "query.finished"]
    assert bench.records[0].trace_id == bench.spans["query answer"].context.trace_id


def test_ids_of_people_are_no_labels(bench: Bench) -> None:
    with heliograph.query("answer", user_id="u-1", session_id="s-1"):
        bench.call(**USAGE)
    for name in ("llm_requests", "llm_cost", "query_requests", "query_cost"):
        for point in bench.points(name):
            assert not {"u-1", "s-1"} & set(map(str, point.attributes.values())), name


def test_an_exception_makes_the_query_an_error_and_goes_on(bench: Bench) -> None:
    with pytest.raises(LookupError), heliograph.query():
        raise LookupError("gone")
    (point,) = bench.points("query_requests")
    assert (point.attributes["status"], point.attributes["error_type"]) == ("error", "LookupError")
    assert bench.spans["query default"].status.status_code is trace.StatusCode.ERROR


def test_a_query_can_fail_without_an_exception(bench: Bench) -> None:
    with heliograph.query() as query:
        query.fail("refused")
    assert bench.total("query_requests", status="error", error_type="refused") == 1


def test_a_cancelled_query_is_no_error(bench: Bench) -> None:
    with pytest.raises(asyncio.CancelledError), heliograph.query():
        raise asyncio.CancelledError
    assert bench.total("query_requests", status="cancelled") == 1


def _plain() -> str | None:
    query = current_query()
    return query.ids.user_id if query else None


async def _coroutine() -> str | None:
    await asyncio.sleep(0)
    return _plain()


def _generator() -> Iterator[str | None]:
    yield _plain()
    yield _plain()


async def _async_generator() -> AsyncIterator[str | None]:
    yield _plain()
    await asyncio.sleep(0)
    yield _plain()


async def _collect(stream: AsyncIterator[str | None]) -> list[str | None]:
    return [item async for item in stream]


@pytest.mark.parametrize(
    ("function", "consume"),
    [
        (_plain, lambda f: [f()]),
        (_coroutine, lambda f: [asyncio.run(f())]),
        (_generator, lambda f: list(f())),
        (_async_generator, lambda f: asyncio.run(_collect(f()))),
    ],
    ids=["function", "coroutine", "generator", "async generator"],
)
def test_as_a_decorator(bench: Bench, function: Any, consume: Any) -> None:
    decorated = heliograph.query("answer", user_id="u-1")(function)
    for times in (1, 2):
        assert set(consume(decorated)) == {"u-1"}
        assert bench.total("query_requests", status="success") == times
    assert decorated.__name__ == function.__name__
    assert current_query() is None


def test_the_consumer_of_a_generator_is_outside_of_its_query(bench: Bench) -> None:
    for _ in heliograph.query()(_generator)():
        assert current_query() is None
    assert bench.total("query_requests") == 1


def test_a_generator_that_is_left_early_is_cancelled(bench: Bench) -> None:
    stream: Any = heliograph.query()(_generator)()
    next(stream)
    stream.close()
    assert bench.total("query_requests", status="cancelled") == 1


def test_an_exception_thrown_into_a_generator_reaches_it(bench: Bench) -> None:
    def catching() -> Iterator[str]:
        try:
            yield "first"
        except KeyError:
            yield "caught"

    stream: Any = heliograph.query()(catching)()
    assert next(stream) == "first"
    assert stream.throw(KeyError("x")) == "caught"
    assert list(stream) == []
    assert bench.total("query_requests", status="success") == 1


def test_concurrent_queries_keep_apart(bench: Bench) -> None:
    async def one(user: str) -> str | None:
        async with heliograph.query(user_id=user):
            await asyncio.sleep(0.01)
            bench.call(**USAGE)
            return _plain()

    async def all_of_them() -> list[str | None]:
        return await asyncio.gather(*(one(f"u-{index}") for index in range(20)))

    assert asyncio.run(all_of_them()) == [f"u-{index}" for index in range(20)]
    calls = [event for event in bench.events if event["event_name"] == "llm.call"]
    assert sorted(event["user_id"] for event in calls) == sorted(f"u-{index}" for index in range(20))


def test_a_chain_reports_its_start_and_its_end(bench: Bench) -> None:
    with heliograph.chain("retrieve"):
        pass
    with pytest.raises(OSError, match="no"), heliograph.chain("answer"):
        raise OSError("no")
    assert [(e["event_name"], e["chain"], e.get("status")) for e in bench.events] == [
        ("chain.started", "retrieve", None),
        ("chain.finished", "retrieve", "success"),
        ("chain.started", "answer", None),
        ("chain.finished", "answer", "error"),
    ]


def test_without_configure_nothing_happens_and_nothing_breaks() -> None:
    with heliograph.query(user_id="u") as query, heliograph.chain("c"):
        pass
    assert query.llm_calls == 0


def test_ids_may_be_anything(bench: Bench) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    with heliograph.query(user_id=Broken(), session_id=7, tenant="x" * 10_000):  # type: ignore[arg-type]
        pass
    said = bench.spans["query default"].attributes or {}
    assert (said["user.id"], said["session.id"]) == ("?", "7")
    assert len(str(said["heliograph.tenant"])) == 256


def test_sessions_are_active_for_five_minutes() -> None:
    from heliograph.genai._sessions import ActiveSessions

    now = [0.0]
    sessions = ActiveSessions(lambda: now[0])
    sessions.touch("a")
    now[0] = 200
    sessions.touch("b")
    assert sessions.count() == 2
    now[0] = 301
    assert sessions.count() == 1
    now[0] = 501
    assert sessions.count() == 0


def test_generators_that_end_in_another_order_leave_no_query_behind(caplog: pytest.LogCaptureFixture) -> None:
    from opentelemetry import context as otel_context

    def inside(name: str) -> Generator[str, None, None]:
        with heliograph.query(name):
            yield name

    before = otel_context.get_current()
    first, second = inside("first"), inside("second")
    next(first)
    next(second)
    first.close()
    assert otel_context.get_current() == before
    second.close()
    assert otel_context.get_current() == before
    assert "detach" not in caplog.text


def test_a_generator_that_another_task_ends_logs_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def inside() -> AsyncGenerator[int, None]:
        async with heliograph.query("q"):
            yield 1

    async def main() -> None:
        running = inside()
        await anext(running)
        await asyncio.create_task(running.aclose())

    asyncio.run(main())
    assert "detach" not in caplog.text
