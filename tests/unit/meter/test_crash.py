"""A crash at any moment loses and doubles nothing that the sender sends again."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.meter._store import StoreError

from ._world import MOMENTS, World

if TYPE_CHECKING:
    from collections.abc import Callable


EXPECTED = {
    "shop llm_requests success": 12,
    "shop tool_calls success": 12,
    "store llm_requests error": 4,
    "store llm_requests success": 8,
}


def lone(step: int) -> dict[str, Any]:
    error = "Timeout" if step % 3 == 0 else None
    return {"name": f"lone{step}", "trace": f"other{step}", "parent": f"outer{step}", "app": "store", "error": error}


def story(world: World, crash: Callable[[int], tuple[str, int] | None]) -> None:
    """Send calls with layers that arrive apart, tools, repetitions; `crash(i)` is where step i is cut off."""
    tool = {"op": "execute_tool", "usage": None, "gen_ai__tool__name": "find"}
    for step in range(12):
        world.crash_at = world.crash_at or crash(step)
        trace, at = f"trace{step}", (step * 10.0, step * 10.0 + 1)
        world.send(
            {"name": f"call{step}", "trace": trace, "parent": f"chain{step}", "usage": (100 + step, 7), "answer": "0"},
            {"name": f"tool{step}", "trace": trace, "at": at, **tool},
            lone(step),
        )
        world.turn(4.0)
        world.send(  # the framework's span around the call, 4 s later; the gateway's, and a chain that names the user
            {"name": f"chain{step}", "trace": trace, "op": "invoke_agent", "usage": None, "user__id": f"u{step}"},
            {"name": f"outer{step}", "trace": f"other{step}", "app": "store", "lib": "chain", "usage": None},
            {"name": f"again{step}", "trace": f"callback{step}", "at": at, "lib": "langchain", **tool},
            {"name": f"gw{step}", "trace": trace, "parent": f"call{step}", "app": "gateway", "usage": (100 + step, 7)},
        )
        if step % 2:
            world.send(lone(step - 1))  # sent again
        world.turn(1.0)
    world.crash_at = None
    for _ in range(30):
        world.turn(1.0)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("undisturbed"))
    story(world, lambda _: None)
    totals = world.totals()
    counted = {name: totals[name] for name in totals if "requests" in name or "tool_calls" in name}
    assert counted == EXPECTED
    assert len(world.events) == len(world.sent) == 24
    return world


def same(world: World, other: World) -> None:
    assert world.totals() == other.totals()
    assert _told(world) == _told(other)


def _told(world: World) -> set[tuple[Any, ...]]:
    return {
        (at, text, said["service"], said.get("user_id"), said.get("llm_input_tokens"))
        for (at, text), said in world.events.items()
    }


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("passed", range(4))
def test_a_crash_at_any_moment_changes_no_total(tmp_path: Path, undisturbed: World, moment: str, passed: int) -> None:
    world = World(tmp_path)
    story(world, lambda step: (moment, passed) if step % 2 == 0 else None)
    assert world.crashes >= 4
    same(world, undisturbed)


def test_crashes_within_one_request_and_its_repetition(tmp_path: Path, undisturbed: World) -> None:
    world = World(tmp_path)
    moments = itertools.cycle(MOMENTS)
    story(world, lambda _: (next(moments), 0))
    assert world.crashes >= 10
    same(world, undisturbed)


def test_nothing_leaves_before_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that Prometheus has seen and a crash takes back would be counted twice."""
    world = World(tmp_path)
    world.send({"name": "one"})

    def full(*_: object, **__: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(world.service.journal._store, "write", full)
    world.turn(11.0)
    assert (world.points, world.events) == ({}, {})
    assert world.service.tally.counted == 1, "it is decided, but not written down"
    world.crash()
    world.turn(11.0)
    assert world.totals()["shop llm_requests success"] == 1
    assert len(world.events) == 1


def test_an_event_that_is_sent_twice_is_the_same_to_the_last_digit(tmp_path: Path) -> None:
    """Loki takes two entries with one time, one text and one set of labels for one."""
    world = World(tmp_path)
    world.send({"name": "one", "user__id": "ada", "error": "Timeout", "usage": None})
    world.turn(11.0)
    world.crash_at = None
    (record,) = _delivered(world)
    world.crash()
    (again,) = world.service.events.first(10)
    assert record == _as_otlp(again)


def _delivered(world: World) -> list[bytes]:
    return [_as_otlp(record) for record in world.sent]


def _as_otlp(record: Any) -> bytes:
    from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs

    content: bytes = encode_logs([record]).SerializeToString(deterministic=True)
    return content


def test_series_go_on_under_their_instance_and_from_their_start(tmp_path: Path) -> None:
    world = World(tmp_path)
    for round_ in range(3):
        world.send({"name": f"call{round_}", "trace": f"t{round_}"})
        world.turn(11.0)  # `World` sees that no series begins anew
        world.crash()
    assert len({instance for instance, _, _ in world.points}) == 1
    assert world.totals()["shop llm_requests success"] == 3


def test_a_forgotten_application_begins_under_a_new_instance(tmp_path: Path) -> None:
    world = World(tmp_path, settings={"idle": 60.0})
    world.send({"name": "one", "trace": "a"})
    world.turn(11.0)
    world.turn(100.0)
    world.service.applications.remove_idle(world.now)
    world.service.journal.commit()
    world.crash()
    assert len(world.service.applications) == 0
    world.send({"name": "two", "trace": "b"})
    world.turn(11.0)
    assert len({instance for instance, _, _ in world.points}) == 2
    assert world.totals()["shop llm_requests success"] == 2


def test_label_caps_hold_over_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("heliograph.genai._labels", fromlist=["CAPS"]).CAPS, "tenant", 2)
    world = World(tmp_path)
    for number in range(4):
        world.send({"name": f"call{number}", "trace": f"t{number}", "heliograph__tenant": f"tenant{number % 3}"})
        world.turn(11.0)
        world.crash()
    tenants = {dict(labels)["tenant"] for _, metric, labels in world.points if metric == "llm_requests"}
    assert tenants == {"tenant0", "tenant1", "other"}


def test_a_failure_is_counted_under_the_model_that_answered_before_the_crash(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.send({"name": "one", "trace": "a", "gen_ai__response__model": "gpt-4o-2024-08-06"})
    world.turn(11.0)
    world.crash()
    world.send({"name": "two", "trace": "b", "usage": None, "error": "Timeout"})
    world.turn(11.0)
    models = {dict(labels)["model"] for _, metric, labels in world.points if metric == "llm_requests"}
    assert models == {"gpt-4o-2024-08-06"}


def test_a_span_sent_again_after_it_was_forgotten_does_not_count(tmp_path: Path) -> None:
    """The collector puts what was under way in a crash of its own behind all that waits in its queue."""
    world = World(tmp_path, settings={"remembered": 20, "waiting": 20})
    world.send({"name": "first", "trace": "first"})
    for number in range(60):
        world.send({"name": f"call{number}", "trace": f"t{number}"})
    world.crash()
    assert len(world.service.room._memory) <= 20
    world.send({"name": "first", "trace": "first"})
    world.turn(11.0)
    assert world.totals()["shop llm_requests success"] == 61


SPANS = st.integers(0, 11)
STEPS = st.one_of(
    st.tuples(st.just("send"), st.lists(SPANS, min_size=1, max_size=4)),
    st.tuples(st.just("crash"), st.tuples(st.sampled_from(MOMENTS), st.integers(0, 2))),
    st.tuples(st.just("kill"), st.none()),
    st.tuples(st.just("turn"), st.sampled_from([0.5, 3.0])),
)


def _span(number: int) -> dict[str, Any]:
    """Give one of twelve spans: calls alone, a framework's around a client's, an application's and its gateway's."""
    group, place = divmod(number, 3)
    trace = {"trace": f"trace{group}"}
    match group:
        case 0:
            return {"name": f"n{number}", "trace": f"lone{number}", "error": "Timeout" if place == 1 else None}
        case 1:
            parent, lib = (None, "openai") if place == 0 else ("n3", f"lib{place}")
            return {
                "name": f"n{number}",
                "parent": parent,
                "lib": lib,
                "usage": (10, place) if place else None,
                **trace,
            }
        case 2:
            return {"name": f"n{number}", "app": f"svc{place}", "parent": f"n{number - 1}" if place else None, **trace}
        case _:
            return {"name": f"n{number}", "answer": "x" * 30, "lib": f"lib{place}", **trace}


@given(st.lists(STEPS, max_size=14))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_crashes_and_repetitions_the_totals_are_those_of_one_run(steps: list[tuple[str, Any]]) -> None:
    """Nothing is decided before all has arrived: then the outcome must not depend on what happened in between."""
    # Late layers are another matter: what is decided before the evidence arrives stays so, with or without crashes.
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        stormy, calm = World(Path(one), settings={"wait": 1000.0}), World(Path(other), settings={"wait": 1000.0})
        for what, said in steps:
            if what == "send":
                stormy.send(*map(_span, said))
                calm.send(*map(_span, said))
            elif what == "turn":
                stormy.turn(said)
                calm.turn(said)
            elif what == "kill":
                stormy.crash()
            else:
                stormy.crash_at = said
        for world in (stormy, calm):
            world.turn(1001.0)
            world.turn(1001.0)
            world.turn(1.0)
        same(stormy, calm)
