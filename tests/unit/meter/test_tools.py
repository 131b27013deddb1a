"""Runs of tools, counted for applications that do not count their own."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Bench

TOOL: dict[str, Any] = {"op": "execute_tool", "usage": None, "gen_ai__tool__name": "search", "lib": "langchain"}


def runs(bench: Bench, app: str = "shop") -> list[tuple[dict[str, Any], float]]:
    """Give labels and value of each series of `tool_calls`."""
    found = []
    bench.service.journal.commit()
    for counters in bench.service.applications.all():
        data = counters.reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None and counters.application.name == app else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    if metric.name == "tool_calls":
                        found += [(dict(point.attributes or {}), point.value) for point in metric.data.data_points]  # type: ignore[union-attr]
    return found


def total(bench: Bench, app: str = "shop") -> float:
    return sum(value for _, value in runs(bench, app))


def test_a_run_is_counted_after_the_wait_under_its_application(bench: Bench) -> None:
    bench.send({"name": "t", **TOOL, "error": "TimeoutError"}, {"name": "c", "lib": "x"})
    bench.move_to(9)
    assert runs(bench) == []
    bench.move_to(11)
    labels = {"tool": "search", "status": "error", "error_type": "TimeoutError", "chain": ""}
    assert runs(bench) == [(labels, 1)]


def test_the_chain_is_that_of_the_nearest_span_around_it_which_may_come_later(bench: Bench) -> None:
    bench.send({"name": "t", "parent": "agent", **TOOL})
    bench.send({"name": "agent", "op": "invoke_agent", "usage": None, "heliograph__chain": "plan", "at": (0, 2)})
    bench.move_to(11)
    assert [labels["chain"] for labels, _ in runs(bench)] == ["plan"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_layers_of_one_run_count_once_in_whatever_order_they_come(bench: Bench, order: tuple[int, ...]) -> None:
    told = [
        {"name": "outer", **TOOL, "at": (0, 1)},
        {"name": "inner", "parent": "outer", **TOOL, "lib": "mcp", "at": (0.1, 0.9)},
        {"name": "aside", "trace": "other", **TOOL, "lib": "langsmith-like", "at": (0, 1)},
    ]
    for number in order:
        bench.send(told[number])
    bench.move_to(11)
    assert total(bench) == 1


def test_the_same_tool_of_two_applications_at_one_moment_is_two_runs(bench: Bench) -> None:
    bench.send({"name": "a", **TOOL}, {"name": "b", **TOOL, "app": "desk", "lib": "mcp"})
    bench.move_to(11)
    assert (total(bench), total(bench, "desk")) == (1, 1)


def test_a_span_that_is_sent_again_counts_once(bench: Bench) -> None:
    for _ in range(2):
        bench.send({"name": "t", **TOOL})
    bench.move_to(11)
    assert total(bench) == 1


@pytest.mark.parametrize("first", ["home", "other layer"])
def test_a_run_that_its_application_counted_is_not_counted_again(bench: Bench, first: str) -> None:
    told = [{"name": "t", **TOOL, "home": True}, {"name": "u", **TOOL, "lib": "traceloop"}]
    for span in told if first == "home" else reversed(told):
        bench.send(span)
    bench.move_to(11)
    assert total(bench) == 0


def test_past_the_capacity_the_oldest_is_decided_early_and_nothing_is_lost(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(changes={"waiting": 3})
    for number in range(5):
        bench.send({"name": f"t{number}", **TOOL, "at": (number, number + 1)})
    assert total(bench) == 2
    bench.service.room.decide_all()
    assert total(bench) == 5


def test_at_the_end_what_waits_is_counted(bench: Bench) -> None:
    bench.send({"name": "t", **TOOL})
    bench.service.room.decide_all()
    assert total(bench) == 1


def test_more_runs_than_one_turn_takes_are_all_counted(bench: Bench) -> None:
    for number in range(300):
        bench.send({"name": f"t{number}", **TOOL, "at": (number, number + 1)})
    bench.now = 11.0
    bench.service.decide_due()
    assert total(bench) == 300


def test_a_very_long_name_is_cut(bench: Bench) -> None:
    bench.send({"name": "t", **TOOL, "gen_ai__tool__name": "t" * 5000})
    bench.move_to(11)
    assert [len(labels["tool"]) for labels, _ in runs(bench)] == [200]


def test_of_queries_the_meter_knows_nothing(bench: Bench) -> None:
    bench.send({"name": "c"})
    bench.move_to(11)
    (event,) = bench.events()
    assert not {"query_call", "query_cost_so_far_usd", "identical_calls"} & set(event)
