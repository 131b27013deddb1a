"""Whatever tells LangSmith of a run, the run is a span in the caller's trace, and what happens within is its child.

None of these tests has a key: `bench` fails the test should anything have been sent.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import langsmith
import pytest
from langsmith import AsyncClient, Client, RunTree, trace, traceable
from langsmith.utils import ContextThreadPoolExecutor
from opentelemetry.trace import get_current_span

from heliograph.integrations._langsmith._live import LiveRun

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .conftest import Bench

Inner = Any


def sync_function(inner: Inner) -> None:
    @traceable
    def child() -> None:
        inner("leaf")

    @traceable
    def parent() -> None:
        child()

    parent()
    inner("after")


async def coroutine(inner: Inner) -> None:
    @traceable
    async def child(name: str) -> None:
        await asyncio.sleep(0)
        inner(f"leaf {name}")

    @traceable
    async def parent() -> None:
        await asyncio.gather(
            child("a", langsmith_extra={"name": "child a"}), child("b", langsmith_extra={"name": "child b"})
        )

    await parent()
    inner("after")


def generator(inner: Inner) -> None:
    @traceable
    def numbers() -> Iterator[int]:
        inner("leaf")
        yield 1
        yield 2

    for number in numbers():
        inner(f"between {number}")
    inner("after")


async def async_generator(inner: Inner) -> None:
    @traceable
    async def numbers() -> AsyncIterator[int]:
        inner("leaf")
        yield 1

    async for _ in numbers():
        inner("between")
    inner("after")


def block(inner: Inner) -> None:
    with trace("parent", inputs={"q": 1}) as run:
        inner("leaf")
        run.end(outputs={"a": 1})
    inner("after")


async def async_block(inner: Inner) -> None:
    async with trace("parent", inputs={"q": 1}):
        inner("leaf")
    inner("after")


def tree_by_hand(inner: Inner) -> None:
    root = RunTree(name="parent", inputs={})
    root.post()
    child = root.create_child(name="child", run_type="llm", inputs={})
    child.post()
    inner("leaf")
    child.end(outputs={})
    child.patch()
    inner("leaf of parent")
    root.end(outputs={})
    root.patch()
    inner("after")


def client_by_hand(inner: Inner) -> None:
    client, run_id = Client(), uuid.uuid4()
    client.create_run("parent", {}, "chain", id=run_id)
    inner("leaf")
    client.update_run(run_id, outputs={"a": 1}, end_time=dt.datetime.now(dt.UTC))
    inner("after")


async def async_client_by_hand(inner: Inner) -> None:
    client, run_id = AsyncClient(), uuid.uuid4()
    await client.create_run("parent", {}, "chain", id=run_id)
    inner("leaf")
    await client.update_run(run_id, outputs={"a": 1}, end_time=dt.datetime.now(dt.UTC))
    inner("after")


def told_afterwards(inner: Inner) -> None:
    now = dt.datetime.now(dt.UTC)
    Client().create_run(
        "parent", {}, "chain", id=uuid.uuid4(), outputs={}, start_time=now, end_time=now + dt.timedelta(seconds=1)
    )
    inner("after")


def child_told_after_its_parent_ended(inner: Inner) -> None:
    root = RunTree(name="parent", inputs={})
    root.post()
    root.end()
    root.patch()
    late = root.create_child(name="child", inputs={})
    late.post()
    inner("leaf")
    late.end()
    late.patch()


def parent_told_after_its_child(inner: Inner) -> None:
    root = RunTree(name="parent", inputs={})
    child = root.create_child(name="child", inputs={})
    child.post()
    inner("leaf")
    child.end()
    child.patch()
    root.end()
    root.post()


def threads(inner: Inner) -> None:
    @traceable
    def child() -> None:
        inner("leaf")

    @traceable
    def parent() -> None:
        with ContextThreadPoolExecutor() as pool:
            pool.submit(child).result()

    parent()


def plain_threads(inner: Inner) -> None:
    @traceable
    def child() -> None:
        inner("leaf")

    @traceable
    def parent(run_tree: RunTree) -> None:
        with ThreadPoolExecutor() as pool:  # carries no context: the parent is named by hand
            pool.submit(child, langsmith_extra={"parent": run_tree}).result()

    parent()


def one_run_in_the_middle_of_another(inner: Inner) -> None:
    first, second = RunTree(name="first", inputs={}), RunTree(name="second", inputs={})
    first.post()
    second.post()  # LangSmith's traces are two: neither is the other's parent
    inner("leaf of second")
    first.end()
    first.patch()
    second.end()
    second.patch()
    inner("after")


def left_behind(inner: Inner) -> None:
    """Nobody ends the run in the context it was begun in."""
    root = RunTree(name="parent", inputs={})
    root.post()
    with ThreadPoolExecutor() as pool:
        pool.submit(root.end).result()
        pool.submit(root.patch).result()
    inner("after")


# name -> what is done, and each span's parent (within the span "request", which is around all of it)
CASES: dict[str, tuple[Callable[[Inner], Any], dict[str, str]]] = {
    "function": (sync_function, {"parent": "request", "child": "parent", "leaf": "child", "after": "request"}),
    "coroutine": (
        coroutine,
        {
            "parent": "request",
            "child a": "parent",
            "child b": "parent",
            "leaf a": "child a",
            "leaf b": "child b",
            "after": "request",
        },
    ),
    "generator": (
        generator,
        {"numbers": "request", "leaf": "numbers", "between 1": "request", "between 2": "request", "after": "request"},
    ),
    "async generator": (
        async_generator,
        {"numbers": "request", "leaf": "numbers", "between": "request", "after": "request"},
    ),
    "block": (block, {"parent": "request", "leaf": "parent", "after": "request"}),
    "async block": (async_block, {"parent": "request", "leaf": "parent", "after": "request"}),
    "tree by hand": (
        tree_by_hand,
        {"parent": "request", "child": "parent", "leaf": "child", "leaf of parent": "parent", "after": "request"},
    ),
    "client by hand": (client_by_hand, {"parent": "request", "leaf": "parent", "after": "request"}),
    "async client by hand": (async_client_by_hand, {"parent": "request", "leaf": "parent", "after": "request"}),
    "told afterwards": (told_afterwards, {"parent": "request", "after": "request"}),
    "late child": (child_told_after_its_parent_ended, {"parent": "request", "child": "parent", "leaf": "child"}),
    "late parent": (parent_told_after_its_child, {"child": "request", "leaf": "child", "parent": "request"}),
    "threads": (threads, {"parent": "request", "child": "parent", "leaf": "child"}),
    "plain threads": (plain_threads, {"parent": "request", "child": "parent", "leaf": "child"}),
    "one in the middle of another": (
        one_run_in_the_middle_of_another,
        {"first": "request", "second": "request", "leaf of second": "second", "after": "request"},
    ),
    "left behind": (left_behind, {"parent": "request", "after": "request"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_run_is_a_span_in_the_callers_trace(bench: Bench, name: str) -> None:
    work, expected = CASES[name]
    tracer = bench.provider.get_tracer("application")

    def inner(span_name: str) -> None:
        tracer.start_span(span_name).end()

    with tracer.start_as_current_span("request"):
        done = work(inner)
        if asyncio.iscoroutine(done):
            asyncio.run(done)
    assert bench.tree() == {"request": None, **expected}
    assert bench.traces() == 1


@pytest.mark.parametrize("name", ["function", "coroutine", "generator", "block", "async block", "tree by hand"])
def test_without_a_trace_around_a_run_begins_one_with_langsmiths_id(bench: Bench, name: str) -> None:
    work, expected = CASES[name]
    tracer = bench.provider.get_tracer("application")
    outside = {name for name, parent in expected.items() if parent == "request"}

    def inner(span_name: str) -> None:
        if span_name not in outside:
            tracer.start_span(span_name).end()

    seen: list[RunTree] = []

    @traceable(name="root")
    def root(run_tree: RunTree) -> None:
        seen.append(run_tree)
        done = work(inner)
        if asyncio.iscoroutine(done):
            asyncio.run(done)

    root()
    spans = bench.tree()
    assert [name for name, parent in spans.items() if parent is None] == ["root"]
    assert bench.traces() == 1
    context = bench.span("root").context
    assert context is not None
    assert uuid.UUID(int=context.trace_id) == seen[0].trace_id


def test_a_runs_span_is_the_current_one_and_takes_attributes(bench: Bench) -> None:
    @traceable
    def child() -> None:
        get_current_span().set_attribute("mine", 7)
        get_current_span().add_event("happened")
        assert get_current_span().is_recording()

    child()
    span = bench.span("child")
    assert (span.attributes or {})["mine"] == 7
    assert [event.name for event in span.events] == ["happened"]


def test_replicas_of_a_run_are_one_span(bench: Bench) -> None:
    root = RunTree(name="root", inputs={}, replicas=[{"project_name": "a"}, {"project_name": "b"}])
    root.post()
    root.end()
    root.patch()
    assert len(bench.spans) == 1


def test_what_was_switched_off_for_a_block_is_no_span(bench: Bench) -> None:
    @traceable
    def quiet() -> None:
        pass

    with langsmith.tracing_context(enabled=False):
        quiet()
    assert bench.spans == []


def test_content_stays_out_unless_asked_for(bench: Bench) -> None:
    @traceable
    def answer(question: str) -> str:
        return f"the answer to {question}"

    answer("a secret")
    assert "secret" not in str(bench.span("answer").attributes)


def test_runs_left_behind_do_not_pile_up(bench: Bench) -> None:
    """Each would keep the one before it, and all of its attributes, for as long as the thread lives."""
    with ThreadPoolExecutor() as pool:
        for number in range(5):
            root = RunTree(name=f"run {number}", inputs={})
            root.post()
            pool.submit(root.end).result()
            pool.submit(root.patch).result()
    depth, current = 0, get_current_span()
    while isinstance(current, LiveRun):
        depth, current = depth + 1, current.outer
    assert depth == 1
    assert len(bench.spans) == 5


def test_a_run_that_is_told_of_twice_is_one_span(bench: Bench) -> None:
    root = RunTree(name="root", inputs={})
    root.post()
    root.post()
    root.end()
    root.patch()
    root.patch()
    assert len(bench.spans) == 1
