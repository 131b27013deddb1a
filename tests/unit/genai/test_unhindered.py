"""What the application's threads do for a call waits for no lock that the metering thread holds while it works."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from heliograph.genai import _dedupe, _line
from heliograph.genai._call import Call
from heliograph.genai._dedupe import Dedupe
from heliograph.genai._line import MeteringLine

if TYPE_CHECKING:
    from collections.abc import Callable


def returns(work: Callable[[], object], seconds: float = 2.0) -> bool:
    """Whether work on a thread of its own returns in time."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def test_a_span_starts_while_another_is_being_decided() -> None:
    dedupe = Dedupe()
    with dedupe._lock:
        assert returns(lambda: dedupe.started((1, 2), (1, 1), operation="chat"))


def test_starts_that_nobody_has_looked_at_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dedupe, "_CAPACITY", 50)
    dedupe = Dedupe()
    for number in range(1000):
        dedupe.started((number, 2), (number, 1), operation="chat")
    assert len(dedupe._started) <= 51
    assert len(dedupe._open) <= 50
    assert len(dedupe._parents) <= 50
    assert len(dedupe._open_in) <= 50


@pytest.mark.parametrize(
    ("slack", "done"), [(4, 6), (1000, 100)], ids=["there is room meanwhile", "those at work are done first"]
)
def test_whoever_finds_the_line_full_waits_for_room_and_not_for_its_end(
    monkeypatch: pytest.MonkeyPatch, slack: int, done: int
) -> None:
    monkeypatch.setattr(_line, "SLACK", slack)
    monkeypatch.setattr(_line, "PATIENCE", 60.0)  # it is called in, and need not look itself
    line = MeteringLine(longest=10)
    working, go_on, finish = threading.Event(), threading.Semaphore(0), threading.Event()

    def piece() -> None:
        working.set()
        go_on.acquire(timeout=10)

    for _ in range(10):
        line.submit(piece)
    assert working.wait(5)
    line.submit(piece)  # the first one is being worked at: ten wait, which is room enough
    late = threading.Thread(target=line.submit, args=(finish.set,), daemon=True)
    late.start()
    late.join(0.1)
    assert late.is_alive(), "the line is full"
    go_on.release(done)
    late.join(5)
    assert not late.is_alive(), "there is room: the other pieces are somebody else's"
    assert finish.is_set() == (done == 100)
    go_on.release(100)
    line.settle()
    assert finish.is_set()
    line.close()


def test_a_full_line_that_nobody_works_at_is_worked_off_as_far_as_needed() -> None:
    line = MeteringLine(longest=10)
    line._awake = True  # as if its thread never came to run
    done: list[int] = []
    for number in range(11):
        line.submit(done.append, number)
    assert done == [0]
    line.settle()
    assert done == list(range(11))


def test_what_holds_much_memory_waits_behind_a_few_pieces_only() -> None:
    line = MeteringLine()
    line._awake = True  # as above
    done: list[int] = []
    for number in range(39):
        line.submit(done.append, number)
    assert done == []
    line.submit(done.append, 39, heavy=True)
    assert done == list(range(40 - _line.LONGEST_HEAVY))
    line.settle()
    assert done == list(range(40))


@pytest.mark.parametrize("ends_as", ["call", "other"])
def test_what_has_started_is_forgotten_when_it_ends(ends_as: str) -> None:
    dedupe = Dedupe()
    dedupe.started((1, 2), (1, 1), operation="chat")
    if ends_as == "call":
        dedupe.is_repeat(Call("chat", "openai", "gpt-4o", "success", 0.1, input_tokens=1), (1, 2), (1, 1))
    else:
        dedupe.ended((1, 2))
    assert not dedupe._started
    assert not dedupe._open
    assert not dedupe._open_in
