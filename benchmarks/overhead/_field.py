"""The processes that are measured: one for each contender, in its own environment, and one that they all send to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

import peers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.overhead._contenders import Contender

__all__ = ["FailedError", "Sink", "Worker", "sink"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_FOREIGN: Final = (
    "OTEL_",
    "HELIOGRAPH_",
    "LANGSMITH_",
    "LANGCHAIN_",
    "LANGFUSE_",
    "LOGFIRE_",
    "TRACELOOP_",
    "OPENLIT_",
)
_FOREIGN_NAMES: Final = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PYTHONHOME", "PYTHONSTARTUP")


class FailedError(Exception):
    """A contender that cannot be measured; the text is the reason, in one line."""


@dataclass(frozen=True)
class Sink:
    """Where everything is sent to: a port for each contender."""

    ports: Mapping[str, int]
    _process: subprocess.Popen[str]

    def received(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return what came for each contender, by path: requests and bytes."""
        _write(self._process, {})
        return dict(zip(self.ports, _read(self._process), strict=True))


@contextmanager
def sink(names: Sequence[str]) -> Iterator[Sink]:
    """Run it for these contenders."""
    command = [sys.executable, "-m", "benchmarks.overhead._sink", str(len(names))]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Sink(dict(zip(names, _read(process), strict=True)), process)
    finally:
        process.kill()
        process.communicate()


class Worker:
    """A contender's process. Use it as a context manager."""

    def __init__(self, contender: Contender, port: int) -> None:
        """Start it; raises FailedError when its environment cannot be made or it does not come up."""
        self.contender = contender
        self._said: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - close()
        try:
            environment = peers.build(peers.PEERS[contender.peer], progress=_progress)
        except peers.NotBuiltError as error:
            raise FailedError(f"cannot be installed: {_last_line(str(error))}") from error
        variables = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        for name in _FOREIGN_NAMES:
            variables.pop(name, None)
        # With the same hashes everywhere, dictionaries are laid out alike in every process and every run.
        variables |= environment.variables() | {"PYTHONHASHSEED": "0", "NO_COLOR": "1"}
        self._process = subprocess.Popen(
            [environment.python, "-m", "benchmarks.overhead.worker", contender.setup, f"http://127.0.0.1:{port}"],
            cwd=_ROOT,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        try:
            hello = self._hear()
        except FailedError:
            self.close()
            raise
        self.versions: dict[str, str] = hello["versions"]
        self.patched: str = hello["patched"]

    def turn(self, kind: str, calls: int, bare_first: list[bool]) -> dict[str, Any]:
        """Have it make its batches; return its answer (see `benchmarks.overhead.worker`)."""
        try:
            _write(self._process, {"kind": kind, "calls": calls, "bare_first": bare_first})
        except BrokenPipeError as error:
            raise FailedError(self._reason()) from error
        return self._hear()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hear(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = _read(self._process)
        except ValueError as error:
            raise FailedError(self._reason()) from error
        return answer

    def _reason(self) -> str:
        self._process.wait()
        self._said.seek(0)
        return f"ended with status {self._process.returncode}: {_last_line(self._said.read())}"


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no word")


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write(process: subprocess.Popen[str], what: object) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    print(json.dumps(what), file=process.stdin, flush=True)


def _read(process: subprocess.Popen[str]) -> Any:  # noqa: ANN401 - JSON; raises ValueError where the process has ended
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    return json.loads(process.stdout.readline())
