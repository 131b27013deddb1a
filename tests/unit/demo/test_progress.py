"""What a person, or a log file, is told while the demo runs."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from heliograph.demo import _progress
from heliograph.demo._progress import Progress


@pytest.fixture
def file() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(file: io.StringIO) -> Progress:
    return Progress(Console(file=file, width=40))  # what rich assumes where there is no terminal


def lines(file: io.StringIO) -> list[str]:
    return re.sub(r"\d+\.\d s", "0 s", file.getvalue()).splitlines()


def test_a_step_begins_and_ends_with_its_result(progress: Progress, file: io.StringIO) -> None:
    with progress.step("Start") as step:
        step.result = "7 servers"
    assert lines(file) == ["  ... Start", "  ✓ Start: 7 servers (0 s)"]


def test_a_step_that_raises_is_marked_and_remembered(progress: Progress, file: io.StringIO) -> None:
    with pytest.raises(ValueError, match="no"), progress.step("Wait for the alert"):
        raise ValueError("no")
    assert lines(file)[-1] == "  ✗ Wait for the alert (0 s)"
    assert progress.current == "Wait for the alert"


def test_a_step_that_ends_and_did_not_go_well_has_a_cross(progress: Progress, file: io.StringIO) -> None:
    with progress.step("Judge") as step:
        step.result, step.failed = "missed", True
    assert lines(file)[-1] == "  ✗ Judge: missed (0 s)"


def test_a_line_stays_a_line_and_brackets_stay_brackets(progress: Progress, file: io.StringIO) -> None:
    title = "The provider fails half of its calls [HTTP 500]: wait for HighLLMErrorRate"
    with progress.step(title) as step:
        step.result = "firing [red] 22 s after the fault"
    assert lines(file) == [f"  ... {title}", f"  ✓ {title}: firing [red] 22 s after the fault (0 s)"]


def test_a_long_step_says_that_it_lives_but_not_all_the_time(
    progress: Progress, file: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with progress.step("Wait") as step:
        for seconds in (1, 16, 17, 32):
            now[0] = 100.0 + seconds
            step.update(f"{seconds} answered")
    told = [line for line in file.getvalue().splitlines() if "answered" in line]
    assert told == ["    ... Wait: 16 answered (16 s)", "    ... Wait: 32 answered (32 s)"]
    assert _progress._QUIET_SECONDS == 15


def test_a_terminal_has_a_live_line_only(file: io.StringIO) -> None:
    with Progress(Console(file=file, force_terminal=True)).step("Start") as step:
        step.update("loki: ready")
    assert "  ... Start" not in file.getvalue()
    assert "✓" in file.getvalue()
