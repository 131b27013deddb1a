"""The demo proves something only if it can fail: without the rule, and when it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from heliograph.demo._story import free_offset

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"HELIOGRAPH_STATE": str(tmp_path / "state")}


def _ours(state: str) -> list[psutil.Process]:
    """Return the processes that were started for the stack in `state`."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(state in argument for argument in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_without_the_rule_the_demo_fails_and_names_the_step(tmp_path: Path, environment: dict[str, str]) -> None:
    overlay = tmp_path / "no-rule.yaml"
    overlay.write_text("alerts: {HighLLMErrorRate: {warning: null, critical: null}}\n")
    ran = subprocess.run(
        [sys.executable, "-m", "heliograph", "demo", "--config", str(overlay), "--timeout", "45"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "the demo failed at the step: The provider fails half of its calls" in ran.stderr
    assert "wait for HighLLMErrorRate" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert _ours(environment["HELIOGRAPH_STATE"]) == []


def test_ctrl_c_in_the_middle_leaves_no_process_behind(environment: dict[str, str]) -> None:
    state = environment["HELIOGRAPH_STATE"]
    demo = subprocess.Popen(
        [sys.executable, "-u", "-m", "heliograph", "demo", "--port-offset", str(free_offset())],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if "Questions to the research assistant" in line:
            break
    time.sleep(3)
    assert _ours(state), said
    os.killpg(demo.pid, signal.SIGINT)  # what a terminal does: the whole group hears it
    rest, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, said + rest
    assert "Traceback" not in rest
    assert _ours(state) == []
