"""The memory behind "once": what it takes for evidence, and that it stays small."""

from __future__ import annotations

import dataclasses
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from heliograph.genai._call import Call
from heliograph.genai._dedupe import Dedupe

SECOND = 1_000_000_000
OUTER, INNER = (1, 1), (1, 2)


def call(scope: str = "openai", tokens: int | None = 10, **more: Any) -> Call:
    said = {"operation": "chat", "status": "success", "latency": 1.0, "ended": 100 * SECOND, **more}
    return Call(provider="openai", model="gpt-4o", scope=scope, input_tokens=tokens, **said)


@pytest.mark.parametrize(
    ("below", "repeated"),
    [
        (call(), True),
        (call(tokens=None), True),
        (call(tokens=None, status="error"), True),
        (call(tokens=11), True),  # another way of counting the same call
        (call(operation="embeddings"), False),
        (call(tokens=11, ended=200 * SECOND), False),  # begun long after the other had ended
    ],
)
def test_a_call_below_one_that_ended_first_and_was_counted(below: Call, repeated: bool) -> None:
    dedupe = Dedupe()
    assert not dedupe.is_repeat(call("langchain"), OUTER, None)
    dedupe.started(INNER, OUTER)
    assert dedupe.is_repeat(below, INNER, OUTER) is repeated


def test_tokens_below_a_call_that_had_none_are_counted() -> None:
    """The framework gave up waiting; its client went on, and the provider billed."""
    dedupe = Dedupe()
    assert not dedupe.is_repeat(call("langchain", tokens=None, status="error"), OUTER, None)
    dedupe.started(INNER, OUTER)
    assert not dedupe.is_repeat(call(), INNER, OUTER)


def test_every_layer_around_a_counted_call_is_covered_however_far_out() -> None:
    dedupe = Dedupe()
    for depth in range(2, 50):
        dedupe.started((1, depth), (1, depth - 1))
    assert not dedupe.is_repeat(call(), (1, 49), (1, 48))
    assert all(dedupe.is_repeat(call("langchain"), (1, depth), (1, depth - 1)) for depth in range(48, 1, -1))


def test_a_call_without_usage_is_left_to_the_open_one_around_it() -> None:
    dedupe = Dedupe()
    dedupe.started(OUTER, None, operation="chat")
    dedupe.started(INNER, OUTER, operation="chat")
    assert dedupe.is_repeat(call(tokens=None), INNER, OUTER)
    assert not dedupe.is_repeat(call("langchain"), OUTER, None)


@pytest.mark.parametrize("operation", ["embeddings", None])
def test_it_is_not_left_to_one_of_another_kind_or_to_none(operation: str | None) -> None:
    dedupe = Dedupe()
    dedupe.started(OUTER, None, operation=operation)
    dedupe.started(INNER, OUTER, operation="chat")
    assert not dedupe.is_repeat(call(tokens=None), INNER, OUTER)


def test_it_is_not_left_to_one_that_has_ended_as_no_call() -> None:
    dedupe = Dedupe()
    dedupe.started(OUTER, None, operation="chat")
    dedupe.started(INNER, OUTER, operation="chat")
    dedupe.ended(OUTER)  # answered from the gateway's cache
    assert not dedupe.is_repeat(call(tokens=None), INNER, OUTER)


@pytest.mark.parametrize("status", ["error", "cancelled"])
def test_an_attempt_that_failed_is_left_to_nobody(status: str) -> None:
    dedupe = Dedupe()
    dedupe.started(OUTER, None, operation="chat")
    dedupe.started(INNER, OUTER, operation="chat")
    assert not dedupe.is_repeat(call(tokens=None, status=status), INNER, OUTER)


def test_a_stream_that_was_left_is_left_to_the_client_within() -> None:
    dedupe = Dedupe()
    dedupe.started(OUTER, None, operation="chat")
    dedupe.started(INNER, OUTER, operation="chat")
    assert dedupe.is_repeat(call("framework", tokens=None, status="cancelled"), OUTER, None)
    assert not dedupe.is_repeat(call(status="cancelled", usage_estimated=True), INNER, OUTER)


LONG = "chatcmpl-BAx1nEq0Ouc8bnzPTOs7Fbkoq6Elk"


@pytest.mark.parametrize(
    ("response_id", "second", "repeated"),
    [
        (LONG, call("gateway"), True),
        (LONG, call("gateway", tokens=12), True),  # at the same time: another way of counting
        (LONG, call("gateway", ended=500 * SECOND), True),  # another clock
        (LONG, call("gateway", tokens=12, ended=500 * SECOND), False),
        (LONG, call("openai"), False),
        ("chatcmpl-7", call("gateway"), True),
        ("chatcmpl-7", call("gateway", tokens=12), False),
        ("chatcmpl-7", call("gateway", ended=500 * SECOND), False),
        ("chatcmpl-7", call("openai", ended=500 * SECOND), False),
    ],
)
def test_what_an_id_proves(response_id: str, second: Call, repeated: bool) -> None:
    dedupe = Dedupe()
    assert not dedupe.is_repeat(_with_id(call(), response_id), (1, 1), None)
    assert dedupe.is_repeat(_with_id(second, response_id), (2, 2), None) is repeated


def test_a_framework_whose_id_stands_for_several_answers_is_not_believed() -> None:
    dedupe = Dedupe()
    said = [_with_id(call("langchain", tokens, ended=at * 10 * SECOND), LONG) for at, tokens in enumerate((5, 6, 5), 1)]
    assert [dedupe.is_repeat(each, (at, at), None) for at, each in enumerate(said)] == [False, False, False]


def test_each_layer_repeats_each_of_several_concurrent_calls_once() -> None:
    dedupe = Dedupe()
    for trace in (1, 2):
        assert not dedupe.is_repeat(_with_id(call(), "chatcmpl-7"), (trace, 1), None)
    echoes = [dedupe.is_repeat(_with_id(call("langsmith"), "chatcmpl-7"), (trace, 1), None) for trace in (3, 4, 5)]
    assert echoes == [True, True, False]


@pytest.mark.parametrize(
    ("beside", "repeated"),
    [
        (call("callbacks"), True),
        (call("callbacks", ended=100 * SECOND + SECOND // 10), True),  # callbacks take their time
        (call("callbacks", tokens=None), True),
        (call("callbacks", requested_model="openai/gpt-4o-2024-08-06"), True),
        (call("openai"), False),  # one layer tells of a call once
        (call("callbacks", tokens=11), False),
        (call("callbacks", ended=102 * SECOND), False),
        (call("callbacks", latency=0.5, ended=100 * SECOND + SECOND // 2), False),  # neither holds the other
        (call("callbacks", operation="embeddings"), False),
        (call("callbacks", tokens=None, status="error"), False),  # of an attempt that the other one does not see
        (call("callbacks", ended=0), False),
    ],
)
def test_a_library_that_tells_of_the_call_side_by_side(beside: Call, repeated: bool) -> None:
    dedupe = Dedupe()
    assert not dedupe.is_repeat(_with_id(call(), LONG), (1, 1), None)
    assert dedupe.is_repeat(beside, (2, 2), None) is repeated


def test_another_model_or_another_id_is_another_call() -> None:
    dedupe = Dedupe()
    assert not dedupe.is_repeat(_with_id(call(), LONG), (1, 1), None)
    assert not dedupe.is_repeat(_with_id(call("callbacks"), LONG[::-1]), (2, 2), None)
    assert not dedupe.is_repeat(dataclasses.replace(call("other"), model="gpt-4o-mini"), (3, 3), None)


@pytest.mark.parametrize("tokens", [10, None])
def test_side_by_side_each_layer_tells_of_each_of_many_alike_calls_once(tokens: int | None) -> None:
    dedupe = Dedupe()
    counted = [
        not dedupe.is_repeat(call(scope, tokens if scope == "openai" else None), (number, place), None)
        for place, scope in enumerate(("openai", "langfuse", "callbacks"))
        for number in range(20)
    ]
    assert sum(counted) == 20
    assert not dedupe.is_repeat(call("callbacks", None), (21, 2), None)


def test_side_by_side_a_failure_is_that_of_a_failure() -> None:
    dedupe = Dedupe()
    assert not dedupe.is_repeat(call(), (1, 1), None)
    assert not dedupe.is_repeat(call(tokens=None, status="error"), (2, 1), None)
    assert dedupe.is_repeat(call("callbacks", tokens=None, status="error"), (3, 1), None)
    assert dedupe.is_repeat(call("callbacks"), (4, 1), None)


def test_side_by_side_two_layers_may_differ_over_a_stream_that_was_left() -> None:
    dedupe = Dedupe()
    assert not dedupe.is_repeat(call(tokens=3, status="cancelled"), (1, 1), None)
    assert dedupe.is_repeat(call("others", tokens=4, status="cancelled"), (2, 1), None)
    assert not dedupe.is_repeat(call("others", tokens=4, status="cancelled"), (3, 1), None)


def test_side_by_side_tokens_are_not_given_up_for_a_count_without() -> None:
    dedupe = Dedupe()
    assert not dedupe.is_repeat(call(tokens=None, status="cancelled"), (1, 1), None)
    assert not dedupe.is_repeat(call("others", tokens=4, status="cancelled"), (2, 1), None)


def test_side_by_side_an_estimate_yields_to_nobody_and_takes_the_framework_s() -> None:
    dedupe = Dedupe()
    assert not dedupe.is_repeat(call(tokens=3, status="cancelled", usage_estimated=True), (1, 1), None)
    assert dedupe.is_repeat(call("callbacks", tokens=None), (2, 1), None)
    assert dedupe.is_repeat(call("others", tokens=4, status="cancelled"), (3, 1), None)


def test_memories_are_bounded() -> None:
    dedupe = Dedupe()
    for index in range(20_000):
        dedupe.started((index, 1), (index, 2), operation="chat")
        if index % 2:
            dedupe.is_repeat(_with_id(call(), f"chatcmpl-{index:030d}"), (index, 1), (index, 2))
    for name, memory in vars(dedupe).items():
        if name != "_lock":
            assert len(memory) <= 8192, name
    answers = Dedupe()
    for index in range(1000):
        answers.is_repeat(_with_id(call(), "chatcmpl-7"), (index, 1), None)
    assert len(answers._answers["chatcmpl-7"].known) == 8


def test_threads_count_each_call_once() -> None:
    dedupe = Dedupe()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def both(index: int) -> int:
        outer, inner = (index, 1), (index, 2)
        dedupe.started(outer, None, operation="chat")
        dedupe.started(inner, outer, operation="chat")
        first = dedupe.is_repeat(call(), inner, outer)
        return (not first) + (not dedupe.is_repeat(call("langchain"), outer, None))

    try:
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(both, range(1600))) == 1600
    finally:
        sys.setswitchinterval(interval)


def _with_id(said: Call, response_id: str) -> Call:
    return dataclasses.replace(said, response_id=response_id)
