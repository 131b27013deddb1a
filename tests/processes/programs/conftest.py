"""Programs in a process of their own, and a collector in miniature that receives what they send."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.telemetry._receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INSTRUMENTATION = Path(__file__).parents[3] / "instrumentation"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start a Python program in a process of its own; environment variables by keyword."""

    def start(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        path = tmp_path / f"program{len(list(tmp_path.iterdir()))}.py"
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "HELIOGRAPH_", "LANGSMITH_", "LANGCHAIN_"))
        }
        return subprocess.Popen(
            [sys.executable, "-W", "error::ResourceWarning", str(path), *arguments],
            env={**inherited, "PYTHONPATH": str(INSTRUMENTATION), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def run(script: Callable[..., subprocess.Popen[str]]) -> Callable[..., tuple[int, str, str]]:
    """Run a Python program to its end: exit status, standard output, standard error."""

    def ended(code: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = script(code, *arguments, **environment)
        try:
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
        return process.returncode, out, err

    return ended
