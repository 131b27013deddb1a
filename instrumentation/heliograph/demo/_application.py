"""The demo's application: `examples/research_assistant` as a process of its own, as a user would run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SERVICE", "Application", "run_once"]

SERVICE = "research-assistant"
_EXIT_SECONDS = 20.0


def _environment(otlp_url: str, llm_url: str, version: str = "1.0.0") -> dict[str, str]:
    """Return what the application reads: where its telemetry and its LLM are; nothing else is configured."""
    # A key of the visitor's own must not be spent by a demo, and an OTEL_* variable of theirs must not redirect it.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_"))}
    return kept | {
        "OPENAI_API_KEY": "demo",
        "OPENAI_BASE_URL": llm_url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp_url,
        "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment.name=demo,service.version={version}",
        "PYTHONPATH": str(config_root() / "examples"),
        "PYTHONUNBUFFERED": "1",
    }


def run_once(*, otlp_url: str, llm_url: str) -> None:
    """Run the one-shot script: a process that makes one call and ends."""
    done = subprocess.run(
        [sys.executable, str(config_root() / "examples" / "one_shot.py")],
        env=_environment(otlp_url, llm_url),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise HeliographError("the one-shot script failed", why=done.stderr.strip()[-2000:])


@dataclass
class Application:
    """A running research assistant; `answers` counts what its output says."""

    otlp_url: str
    llm_url: str
    log: Path
    answered: int = 0
    failed: int = 0
    last: dict[str, Any] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None
    _reader: threading.Thread | None = None

    def start(self, *, rate: float, models: str, users: int) -> None:
        """Ask questions at `rate` per second, for as long as the process lives."""
        self.launch("batch", "--rate", str(rate), "--model", models, "--users", str(users), "--duration", "0", "--json")

    def launch(self, *arguments: str, version: str = "1.0.0", environment: Mapping[str, str] | None = None) -> None:
        """Start `python -m research_assistant` with these arguments; `version` is that of the service."""
        with self.log.open("a") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "research_assistant", *arguments],
                env=_environment(self.otlp_url, self.llm_url, version) | dict(environment or {}),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C reaches the demo, which then ends this process in order
            )
        self._reader = threading.Thread(target=self._read, args=(self._process,), name="demo-application", daemon=True)
        self._reader.start()

    def check(self) -> None:
        """Raise HeliographError when the application has ended although nobody asked it to."""
        if self._process is not None and self._process.poll() is not None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise HeliographError(f"the application ended with code {self._process.returncode}", why=tail)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal: SIGKILL as the kernel's out-of-memory killer would, SIGSTOP to let it hang."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    @property
    def running(self) -> bool:
        """Whether its process lives; a stopped one (SIGSTOP) does."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it as an operator would (SIGTERM) and wait until it has sent what it held."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_EXIT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._reader is not None:
            self._reader.join(5)
        self._process = None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in process.stdout:
            try:
                self.last = json.loads(line)
            except json.JSONDecodeError:
                continue
            if self.last.get("error"):
                self.failed += 1
            elif "answer" in self.last:
                self.answered += 1
