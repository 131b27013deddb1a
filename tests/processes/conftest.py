"""A provider with a bill and a collector that keeps what arrives: every application is checked against both."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heliograph.testing import LLMServer

from ._sink import Bill, Sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APPS = Path(__file__).parent / "apps"
INSTRUMENTATION = Path(__file__).parents[2] / "instrumentation"
# Published price of gpt-4o-mini in USD per token (https://openai.com/api/pricing): 0.15, 0.075 and 0.60 a million.
INPUT, CACHED, OUTPUT = 0.15e-6, 0.075e-6, 0.60e-6


def by_provider(server: LLMServer) -> Bill:
    """Say what is in the provider's ledger; all calls of these tests go to gpt-4o-mini."""
    totals = list(server.totals().values())
    read, cached = (sum(each[name] for each in totals) for name in ("prompt_tokens", "cached_tokens"))
    written = sum(each["completion_tokens"] for each in totals)
    return Bill(
        sum(each["requests"] for each in totals),
        read,
        written,
        (read - cached) * INPUT + cached * CACHED + written * OUTPUT,
    )


@dataclass
class World:
    """Both sides, and the application between them."""

    server: LLMServer
    sink: Sink
    log: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start an application as its users would; `python` is this interpreter, other tools are those beside it."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "HELIOGRAPH_", "LANGSMITH_", "LANGCHAIN_", "OPENAI_"))
        }
        tools = Path(sys.executable).parent
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [str(tools / command[0]), *command[1:]],
                cwd=APPS,
                env={
                    **inherited,
                    "PATH": os.pathsep.join([str(tools), os.environ.get("PATH", "")]),
                    "PYTHONPATH": os.pathsep.join([str(INSTRUMENTATION), str(APPS)]),
                    "OTEL_EXPORTER_OTLP_ENDPOINT": self.sink.url,
                    "OTEL_SERVICE_NAME": "app",
                    "OPENAI_BASE_URL": self.server.base_url,
                    "OPENAI_API_KEY": "any",
                    "PYTHONUNBUFFERED": "1",
                    **environment,
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def run(self, *command: str, **environment: str) -> str:
        """Run an application to its end; its output. Fails unless it ends with 0."""
        process = self.start(*command, **environment)
        status = process.wait(60)
        said = self.said()
        assert status == 0, f"{command} ended with {status}\n{said}"
        return said

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, process: subprocess.Popen[bytes], signal: int, timeout: float = 20) -> int:
        process.send_signal(signal)
        return process.wait(timeout)

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s for {what}\n{self.said()}"
            time.sleep(0.05)

    def assert_exact(self, calls: int) -> None:
        """Check that the provider's ledger, the metrics and the events agree, on `calls` calls."""
        billed = by_provider(self.server)
        told = (
            f"\nprovider {billed}\nmetrics  {self.sink.by_metrics()}\nevents   {self.sink.by_events()}\n{self.said()}"
        )
        assert billed.requests == calls, told
        assert self.sink.by_metrics() == billed, told
        assert self.sink.by_events() == billed, told


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with LLMServer(
        requests_per_minute=10_000_000, tokens_per_minute=1_000_000_000, first_token=0.005, per_token=0.0
    ) as server:
        made = World(server, Sink(), tmp_path / "application.log")
        try:
            yield made
        finally:
            for process in made.processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            made.sink.close()
