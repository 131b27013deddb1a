"""LangSmith's stand-in, and applications that use langsmith in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.integrations.langsmith._service import LangSmith

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INSTRUMENTATION = Path(__file__).parents[3] / "instrumentation"


@pytest.fixture
def service() -> Iterator[LangSmith]:
    running = LangSmith()
    yield running
    running.close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Run a Python program to its end: exit status, standard output, standard error."""

    def ended(code: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(code), encoding="utf-8")
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "HELIOGRAPH_", "LANGSMITH_", "LANGCHAIN_"))
        }
        done = subprocess.run(
            [sys.executable, str(path), *arguments],
            env={**inherited, "PYTHONPATH": str(INSTRUMENTATION), "LANGSMITH_CONFIG_FILE": os.devnull, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return ended
