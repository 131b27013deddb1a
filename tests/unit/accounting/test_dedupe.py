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
