"""The metering line drops nothing, keeps the order, and never makes the application pay for a failure."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.genai._line import MeteringLine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def line() -> Iterator[MeteringLine]:
    made = MeteringLine()
    yield made
    made.close()


def until(condition: Any, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.002)
    return False


def test_work_is_done_on_another_thread(line: MeteringLine) -> None:
    threads: list[str] = []
    line.submit(lambda: threads.append(threading.current_thread().name))
    assert until(lambda: threads)
    assert threads == ["heliograph-meter"]


def test_work_submitted_after_an_idle_time_is_done_too(line: MeteringLine) -> None:
    done: list[int] = []
    for number in range(3):
        line.submit(done.append, number)
        assert until(lambda wanted=number: done and done[-1] == wanted), done
        time.sleep(0.03)


def test_settling_finishes_what_was_submitted_before(line: MeteringLine) -> None:
    done: list[int] = []
    for number in range(1000):
        line.submit(done.append, number)
    line.settle()
    assert done == list(range(1000))


def test_settling_waits_for_work_that_another_thread_is_at(line: MeteringLine) -> None:
    begun, release = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> None:
        begun.set()
        release.wait(5)
        done.append("slow")

    line.submit(slow)
    assert begun.wait(5)
    threading.Timer(0.05, release.set).start()
    line.settle()
    assert done == ["slow"]


def test_whoever_finds_the_line_full_waits_for_room_and_the_order_is_kept() -> None:
    line = MeteringLine(longest=3)
    held, release = threading.Event(), threading.Event()
    done: list[int] = []
    worked_by: set[str] = set()

    def first() -> None:
        held.set()
        release.wait(5)

    def work(number: int) -> None:
        done.append(number)
        worked_by.add(threading.current_thread().name)

    line.submit(first)
    assert held.wait(5)
    for number in range(3):
        line.submit(work, number)
    threading.Timer(0.05, release.set).start()
    line.submit(work, 3)
    assert done[:1] == [0], "there was room only when the oldest was done"
    line.settle()
    assert done == [0, 1, 2, 3]
    line.close()


def test_nothing_is_lost_between_many_threads_and_a_short_line() -> None:
    line = MeteringLine(longest=16)
    done: list[tuple[int, int]] = []

    def caller(name: int) -> None:
        for number in range(500):
            line.submit(done.append, (name, number))

    callers = [threading.Thread(target=caller, args=(name,)) for name in range(16)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    line.settle()
    assert sorted(done) == [(name, number) for name in range(16) for number in range(500)]
    for name in range(16):
        own = [number for by, number in done if by == name]
        assert all(earlier < later for earlier, later in pairwise(own)), "the order of one thread is kept"


def test_work_that_fails_harms_nobody(line: MeteringLine) -> None:
    done: list[str] = []
    line.submit(lambda: 1 / 0)
    line.submit(done.append, "after")
    line.settle()
    assert done == ["after"]


def test_a_batch_is_finished_before_anybody_hears_that_it_is_done(line: MeteringLine) -> None:
    done: list[str] = []
    line.finish = lambda: done.append("finished")
    line.submit(done.append, "first")
    line.submit(lambda: 1 / 0)
    line.settle()
    assert done in (["first", "finished"], ["first", "finished", "finished"]), "its own thread may come by, too"


def test_a_finish_that_fails_harms_nobody(line: MeteringLine) -> None:
    line.finish = lambda: 1 / 0
    line.settle()
    done: list[str] = []
    line.submit(done.append, "after")
    line.settle()
    assert done == ["after"]


def test_after_closing_work_is_done_at_once(line: MeteringLine) -> None:
    done: list[str] = []
    line.submit(done.append, "before")
    line.close()
    assert done == ["before"]
    line.submit(done.append, "after")
    assert done == ["before", "after"]


def test_where_no_thread_can_be_started_work_is_done_at_once(
    line: MeteringLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    done: list[str] = []
    for name in ("first", "second"):
        line.submit(done.append, name)
        assert done[-1:] == [name]


def test_work_that_is_submitted_as_a_batch_ends_is_done_too(line: MeteringLine) -> None:
    done: list[str] = []

    def finish() -> None:
        if done == ["first"]:
            line.submit(done.append, "second")

    line.finish = finish
    line.submit(done.append, "first")
    assert until(lambda: len(done) == 2), done


def test_the_line_rests_for_as_long_as_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr("heliograph.genai._line.time.sleep", rests.append)
    line, done = MeteringLine(pause=7.0), threading.Event()
    line.submit(done.set)
    assert done.wait(5)
    line.close()
    assert rests[0] == 7.0


def test_of_what_is_submitted_under_one_key_only_the_newest_is_done(line: MeteringLine) -> None:
    done: list[tuple[str, int]] = []
    with line._turn:
        for number in range(3):
            line.submit_newest("gauge", done.append, ("gauge", number))
            line.submit(done.append, ("counter", number))
        line.submit_newest("another", done.append, ("another", 0))
    line.settle()
    assert done[:3] == [("counter", 0), ("counter", 1), ("counter", 2)], "what waits comes first"
    assert sorted(done[3:]) == [("another", 0), ("gauge", 2)]


def test_the_newest_is_done_on_another_thread_too(line: MeteringLine) -> None:
    done: list[int] = []
    for number in range(3):
        line.submit_newest("gauge", done.append, number)
        assert until(lambda wanted=number: done and done[-1] == wanted), done


def test_many_keys_do_not_wait_without_bound() -> None:
    line = MeteringLine(longest=3)
    done: list[int] = []
    with line._turn:
        for number in range(4):
            line.submit_newest(number, done.append, number)
        assert sorted(done) == [0, 1, 2, 3]
    line.close()


def test_the_newest_value_of_a_closed_line_is_reported_at_once(line: MeteringLine) -> None:
    done: list[int] = []
    line.close()
    line.submit_newest("gauge", done.append, 1)
    assert done == [1]


def test_a_forked_child_leaves_its_parents_work_alone(line: MeteringLine) -> None:
    done: list[str] = []
    with line._turn:  # as another thread of the parent would hold it, in the moment of the fork
        threads = [threading.Thread(target=line.submit, args=(done.append, "the parent's"))]
        threads[0].start()
        threads[0].join()
        line.submit_newest("gauge", done.append, "the parent's")
        line.after_fork()
    line.submit(done.append, "the child's")
    line.settle()
    assert done == ["the child's"]


def test_what_is_done_at_the_end_is_done_now_and_then_where_there_is_no_end() -> None:
    line = MeteringLine(longest=10**6)
    told: list[int] = []
    count = 0

    def piece() -> None:
        nonlocal count
        count += 1
        if not told and count < 10_000:
            line.submit(piece)  # always one more: the line is never empty

    line.finish = lambda: told.append(count)
    line.submit(piece)
    line.settle()
    line.close()
    assert told[0] < 10_000


def test_the_newest_value_is_reported_now_and_then_where_the_line_is_never_empty() -> None:
    line = MeteringLine(longest=10**6)
    reported: list[int] = []
    count = 0

    def piece() -> None:
        nonlocal count
        count += 1
        if not reported and count < 10_000:
            line.submit(piece)  # always one more

    line.submit_newest("gauge", lambda: reported.append(count))
    line.submit(piece)
    line.settle()
    line.close()
    assert reported[0] < 10_000
