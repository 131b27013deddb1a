"""Whoever waits for a benchmark sees that it goes on, at a terminal and in a log."""

from __future__ import annotations

import io
import time

from benchmarks._progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def waited_for(out: io.StringIO, text: str, times: int) -> bool:
    deadline = time.monotonic() + 10
    while out.getvalue().count(text) < times and time.monotonic() < deadline:
        time.sleep(0.005)
    return out.getvalue().count(text) >= times


def test_in_a_log_the_same_line_comes_again_while_nothing_new_is_said() -> None:
    out = io.StringIO()
    with Progress(out, every=0.01) as say:
        say("memory: chat")
        assert waited_for(out, "] memory: chat\n", 3)


def test_a_log_does_not_get_a_line_for_everything_that_is_said() -> None:
    out = io.StringIO()
    with Progress(out) as say:
        for number in range(1000):
            say(f"round {number}")
        assert out.getvalue() == ""
        say.note("done")
    assert out.getvalue() == "[   0 s] done\n"


def test_a_terminals_line_is_written_over_and_wiped_at_the_end() -> None:
    out = Terminal()
    with Progress(out, every=60) as say:
        say("round 1")
        say("round 2")
    assert out.getvalue() == "\r\033[K[   0 s] round 1\r\033[K[   0 s] round 2\r\033[K"


def test_nothing_is_told_any_more_once_it_is_over() -> None:
    out = io.StringIO()
    with Progress(out, every=0.01) as say:
        say("round 1")
        assert waited_for(out, "round 1", 1)
    said = out.getvalue()
    time.sleep(0.05)
    assert out.getvalue() == said
