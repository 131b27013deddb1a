"""Threads and tasks: every call is counted once, belongs to its query, and is in its trace."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import World


def test_a_thousand_tasks_at_once(world: World) -> None:
    world.run("python", "many_tasks.py", "50")
    world.assert_exact(calls=1000)
    spans = world.sink.spans()
    calls = [span for span in spans if span.name.startswith("chat")]
    assert len(calls) == 1000
    assert world.sink.orphans() == []
    by_trace = Counter((span.trace, span.attributes["user.id"], span.attributes["heliograph.chain"]) for span in calls)
    assert sorted(by_trace.values()) == [50] * 20
    assert len({trace for trace, _, _ in by_trace}) == 20
    assert world.sink.metric("llm_requests", chain="answer", tenant="acme") == 1000
    assert sum(event["llm_calls"] for event in world.sink.events("query.finished")) == 1000


def test_threads_of_every_kind_belong_to_the_query_that_started_them(world: World) -> None:
    world.run("python", "many_threads.py")
    calls = {"plain": 32, "pool": 64, "old": 9, "loop": 64}
    world.assert_exact(calls=sum(calls.values()) + 1)
    assert world.sink.orphans() == []
    spans = world.sink.spans()
    for name, count in calls.items():
        (root,) = [span for span in spans if span.name == f"query {name}"]
        within = [span for span in spans if span.trace == root.trace and span.name.startswith("chat")]
        assert len(within) == count, name
        assert {span.attributes["user.id"] for span in within} == {name}
        assert world.sink.metric("llm_requests", chain=name) == count
    finished = {event["query_type"]: event["llm_calls"] for event in world.sink.events("query.finished")}
    assert finished == calls
    (stray,) = [event for event in world.sink.events("llm.call") if "user_id" not in event]
    assert "chain" not in stray


TENTH = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}


@pytest.mark.parametrize(
    ("command", "calls", "traces"),
    [("many_tasks.py 10", 200, 20), ("many_threads.py", 170, 5), ("pools.py executor fork", 65, 3)],
    ids=["200-tasks", "32-threads", "8-processes"],
)
def test_a_tenth_of_head_sampling_changes_no_total(world: World, command: str, calls: int, traces: int) -> None:
    world.run("python", *command.split(), **TENTH)
    world.assert_exact(calls)
    spans = world.sink.spans()
    assert len({span.trace for span in spans}) < traces
    assert world.sink.orphans() == []
    # What is kept is kept whole.
    roots = [span for span in spans if not span.parent]
    assert len({span.trace for span in roots}) == len({span.trace for span in spans})
    assert world.sink.metric("query_requests") == traces - (calls != 200)
