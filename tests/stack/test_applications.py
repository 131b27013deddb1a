"""Three applications, three ways of telling, one bill: Prometheus, Loki and the provider's own log agree on each."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.demo._story import free_offset
from heliograph.stack import Stack
from heliograph.stack._paths import cache_root
from heliograph.stack._stores import Loki, Prometheus
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).with_name("applications")
PATIENCE = 60.0
"""Seconds until a call must be counted: the meter waits for inner spans, exports come every five."""

METER_WAITS = 15.0
"""Longer than the meter waits for inner spans, in seconds."""


@dataclass
class World:
    """A stack of its own, and what runs on it."""

    stack: Stack
    prometheus: Prometheus
    loki: Loki

    @property
    def otlp(self) -> str:
        return f"http://127.0.0.1:{self.stack.ports.otlp_http}"

    def environment(self, llm_url: str, service: str) -> dict[str, str]:
        return {
            **os.environ,
            "OTEL_SERVICE_NAME": service,
            "OPENAI_BASE_URL": llm_url,
            "OPENAI_API_KEY": "any",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otlp,
        }

    def run(self, command: list[str], llm_url: str, service: str, cwd: Path | None = None) -> None:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=self.environment(llm_url, service),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def counted(self, job: str) -> Bill:
        """Read what Prometheus counted."""
        last = f'last_over_time(%s{{job="{job}"%s}}[1h])'
        bill = Bill()
        for sample in self.prometheus.query(f"sum by (model, type) ({last % ('llm_tokens_total', '')})"):
            bill.tokens[sample.labels["model"], sample.labels["type"]] += round(sample.value)
        successes = last % ("llm_requests_total", ', status="success"')
        for sample in self.prometheus.query(f"sum by (model) ({successes})"):
            bill.calls[sample.labels["model"]] += round(sample.value)
        bill.cost = self.prometheus.number(f"sum({last % ('llm_cost_total', '')})") or 0.0
        return bill

    def told(self, job: str) -> Bill:
        """Read what the events in Loki say."""
        bill = Bill()
        for line in self.loki.lines(f'{{service_name="{job}"}} | event_name="llm.call"'):
            said = line.labels
            if said["status"] != "success":
                continue
            bill.calls[said["model"]] += 1
            for kind in ("input", "output"):
                bill.tokens[said["model"], kind] += int(float(said.get(f"llm_{kind}_tokens", 0)))
            bill.cost += float(said.get("llm_cost_usd", 0))
        return bill


class Bill:
    """Calls by model, tokens by (model, type), USD."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.tokens: Counter[tuple[str, str]] = Counter()
        self.cost = 0.0

    @classmethod
    def of(cls, usage: list[dict[str, Any]]) -> Bill:
        """Add up the provider's own log."""
        bill = cls()
        for record in usage:
            bill.calls[record["model"]] += 1
            bill.tokens[record["model"], "input"] += record["usage"]["prompt_tokens"]
            bill.tokens[record["model"], "output"] += record["usage"].get("completion_tokens", 0)
        bill.cost = sum(
            tokens * USD_PER_MILLION[model, kind] / 1e6 for (model, kind), tokens in bill.tokens.items() if tokens
        )
        return bill

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Bill)
            and +self.calls == +other.calls
            and +self.tokens == +other.tokens
            and abs(self.cost - other.cost) < 1e-9
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{dict(+self.calls)} {dict(+self.tokens)} {self.cost:.9f} USD"


# https://platform.openai.com/docs/pricing
USD_PER_MILLION = {
    ("gpt-4o-mini-2024-07-18", "input"): 0.15,
    ("gpt-4o-mini-2024-07-18", "output"): 0.60,
    ("gpt-4.1-mini-2025-04-14", "input"): 0.40,
    ("gpt-4.1-mini-2025-04-14", "output"): 1.60,
    ("text-embedding-3-small", "input"): 0.02,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    stack = Stack(offset=free_offset(), state=tmp_path_factory.mktemp("state"))
    stack.up()
    try:
        yield World(
            stack,
            Prometheus(f"http://127.0.0.1:{stack.ports.prometheus}"),
            Loki(f"http://127.0.0.1:{stack.ports.loki}"),
        )
    finally:
        stack.down()


@pytest.fixture
def llm() -> Iterator[LLMServer]:
    with LLMServer(first_token=0.0, per_token=0.0) as server:
        yield server


def node_modules() -> Path:
    """Install the Node application's packages once, into the user's cache."""
    lock = HERE / "package-lock.json"
    home = cache_root() / "node-client"
    if not (home / "package-lock.json").exists() or (home / "package-lock.json").read_text() != lock.read_text():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        shutil.copy(HERE / "package.json", home)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], cwd=home, check=True)
        shutil.copy(lock, home)
    shutil.copy(HERE / "node_client.cjs", home)
    return home


def settled(world: World, job: str, wanted: Bill) -> tuple[Bill, Bill]:
    """Give what Prometheus and Loki have, once both have what is wanted or patience ends; then once more, later."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if world.counted(job) == wanted == world.told(job):
            break
        time.sleep(0.5)
    time.sleep(6)  # one more export: nothing may be counted twice
    return world.counted(job), world.told(job)


@pytest.mark.parametrize("name", ["openai-client", "langchain-agent", "node-client"])
def test_metrics_events_and_the_providers_log_agree(world: World, llm: LLMServer, name: str) -> None:
    if name == "node-client":
        if shutil.which("node") is None or shutil.which("npm") is None:
            pytest.skip("Node is not installed")
        world.run(["node", "node_client.cjs"], llm.base_url, name, cwd=node_modules())
    else:
        world.run([sys.executable, str(HERE / f"{name.replace('-', '_')}.py")], llm.base_url, name)
    wanted = Bill.of(llm.usage())
    assert sum(wanted.calls.values()) >= 3
    counted, told = settled(world, name, wanted)
    assert counted == wanted
    assert told == wanted


@pytest.mark.parametrize("reporting", ["heliograph", "official"])
def test_a_call_through_a_gateway_that_also_reports_is_counted_once(
    world: World, llm: LLMServer, reporting: str
) -> None:
    application, gateway = f"behind-{reporting}", f"gateway-{reporting}"
    running = subprocess.Popen(
        [sys.executable, str(HERE / "gateway.py"), reporting],
        env=world.environment(llm.base_url, gateway),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        port = int(running.stdout.readline())
        world.run([sys.executable, str(HERE / "behind_gateway.py")], f"http://127.0.0.1:{port}/v1", application)
    finally:
        running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(10)
    wanted = Bill.of(llm.usage())
    assert sum(wanted.calls.values()) == 2
    counted, told = settled(world, application, wanted)
    assert counted == told == wanted
    time.sleep(METER_WAITS)
    assert world.counted(gateway) == Bill()
    assert world.told(gateway) == Bill()
