"""Starting workers, asking them, and ending them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.footprint._peers import Kind

__all__ = ["Asked", "environment", "worker"]

_ROOT: Final = Path(__file__).parents[2]


class Asked:
    """A worker, as seen from here."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, do: str, **asked: object) -> Any:  # noqa: ANN401 - what it is asked for
        """Ask for something, and wait for the answer. Raises RuntimeError where the process has ended."""
        assert self._process.stdin is not None  # noqa: S101 - for the type
        assert self._process.stdout is not None  # noqa: S101
        print(json.dumps({"do": do, **asked}), file=self._process.stdin, flush=True)
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError(f"the worker ended while it was asked to {do}")
        return json.loads(said)


def environment() -> dict[str, str]:
    """Give this process's environment without what configures telemetry, and with this repository to import from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "HELIOGRAPH_"))}
    paths = [str(_ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}


@contextlib.contextmanager
def worker(kind: Kind, endpoint: str, *, locks: bool = False, quiet: bool = True) -> Iterator[Asked]:
    """Run a process of a peer; with `locks`, its locks are timed, which makes them slower."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.footprint._worker", kind, endpoint, *(["locks"] if locks else [])],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        text=True,
    )
    try:
        yield Asked(process)
    finally:
        process.kill()
        process.communicate()
