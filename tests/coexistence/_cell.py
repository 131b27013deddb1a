"""Run one cell, and compare what heliograph told with what the provider billed."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import peers
from tests.coexistence._results import Verdict
from tests.processes._sink import Sink

from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import peers
    from tests.coexistence._rows import Beside, First, Row

__all__ = ["PHASES", "Phase", "Totals", "run"]

_APPS: Final = Path(__file__).parent / "apps"
_SECONDS: Final = 900  # a cell takes 5 on an idle machine
_NOT_INHERITED: Final = (
    *("HELIOGRAPH_", "LANGCHAIN_", "LANGFUSE_", "LANGSMITH_", "LOGFIRE_", "OPENAI_", "OPENLIT_"),
    *("OTEL_", "PYTEST_", "TRACELOOP_"),
)


@dataclass(frozen=True)
class Phase:
    """What is asked one way: a model, one that refuses, and how; the first one's published prices in USD per token."""

    model: str
    refused: str
    fault: str
    input: float
    cached: float
    output: float


# https://openai.com/api/pricing, USD per million tokens.
PHASES: Final[Mapping[str, Phase]] = {
    "chat": Phase("gpt-4o-mini", "gpt-4o", "500", 0.15e-6, 0.075e-6, 0.60e-6),
    "stream": Phase("gpt-4.1-mini", "gpt-4.1", "401", 0.40e-6, 0.10e-6, 1.60e-6),
}


@dataclass(frozen=True)
class Totals:
    """What is said of a phase; `cost` in USD."""

    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost: float

    def differences(self, billed: Totals) -> str:
        """Name what is not as billed; "" where all is."""
        pairs = [
            (name, getattr(self, name), getattr(billed, name))
            for name in ("calls", "errors", "input_tokens", "output_tokens")
        ]
        said = [f"{name.replace('_', ' ')} {got}, billed {right}" for name, got, right in pairs if got != right]
        if abs(self.cost - billed.cost) > 1e-9:
            said.append(f"cost {self.cost:.9f}, billed {billed.cost:.9f}")
        return "; ".join(said)


def run(row: Row, beside: Beside, first: First, environment: peers.Environment) -> dict[str, Verdict]:
    """Run the application in the peer's environment; a verdict by phase."""
    ours, elsewhere = Sink(), Sink()
    try:
        with (
            LLMServer(
                requests_per_minute=10_000_000, tokens_per_minute=1_000_000_000, first_token=0.0, per_token=0.0
            ) as server,
            tempfile.TemporaryDirectory(prefix="heliograph-cell-") as folder,
        ):
            for phase in PHASES.values():
                server.fault(phase.fault, model=phase.refused)
            addresses = {
                "HOME": folder,
                "OTEL_EXPORTER_OTLP_ENDPOINT": ours.url,
                "ELSEWHERE": elsewhere.url,
                "LANGSMITH_ENDPOINT": elsewhere.url,
                "OPENAI_BASE_URL": server.base_url,
                "OPENAI_API_KEY": "any",
            }
            said = _application(
                (row.name, row.road, beside, first),
                environment.python,
                {**_plain_environment(), **environment.variables(), **addresses, **row.variables},
            )
            if said:
                return dict.fromkeys(PHASES, Verdict("wrong", said))
            untold = row.cached_untold if beside == "alone" or first == "peer" else ""
            return {name: _judge(phase, row.scope, server, ours, untold) for name, phase in PHASES.items()}
    finally:
        ours.close()
        elsewhere.close()


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}


def _application(arguments: tuple[str, ...], python: Path, environment: Mapping[str, str]) -> str:
    """Run it to its end; "" when it ended well, else the end of what it said."""
    phases = [f"{name}={phase.model},{phase.refused}" for name, phase in PHASES.items()]
    try:
        done = subprocess.run(
            [str(python), str(_APPS / "cell.py"), *arguments, *phases],
            cwd=environment["HOME"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_SECONDS} s"
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()[-2000:] or f"status {done.returncode}"


def _judge(phase: Phase, scope: str, server: LLMServer, sink: Sink, untold: str) -> Verdict:
    billed = _billed(phase, server, full_price=bool(untold))
    if not billed.calls or not billed.errors:
        return Verdict("wrong", "the application asked nothing")
    for counted in (_by_metrics(phase, sink), _by_events(phase, sink)):
        if different := counted.differences(billed):
            return Verdict("wrong", different)
    scopes = {span.scope for span in sink.spans()}
    if scope and not any(each.startswith(scope) for each in scopes):
        return Verdict("wrong", f"no span of {scope} among {sorted(scopes)}")
    return Verdict("right", untold)


def _billed(phase: Phase, server: LLMServer, *, full_price: bool) -> Totals:
    """Add up the provider's ledger; at `full_price`, as if no token had come from its cache."""
    mine = [record["usage"] for record in server.usage() if _is(record["model"], phase.model)]
    read, cached, written = (
        sum(usage[name] for usage in mine) for name in ("prompt_tokens", "cached_tokens", "completion_tokens")
    )
    saved = 0.0 if full_price else cached * (phase.input - phase.cached)
    return Totals(
        calls=len(mine),
        errors=sum(request.body.get("model") == phase.refused for request in server.requests()),
        input_tokens=read,
        output_tokens=written,
        cost=read * phase.input - saved + written * phase.output,
    )


def _by_metrics(phase: Phase, sink: Sink) -> Totals:
    """Add up what Prometheus would."""

    def total(metric: str, model: str, **labels: str) -> float:
        return sum(
            value
            for (_, said), value in sink.totals(metric).items()
            if _is(str(dict(said).get("model")), model) and labels.items() <= dict(said).items()
        )

    return Totals(
        int(total("llm_requests", phase.model, status="success")),
        int(total("llm_requests", phase.refused, status="error")),
        int(total("llm_tokens", phase.model, type="input")),
        int(total("llm_tokens", phase.model, type="output")),
        total("llm_cost", phase.model),
    )


def _by_events(phase: Phase, sink: Sink) -> Totals:
    calls = sink.events("llm.call")
    good = [call for call in calls if _is(str(call.get("model")), phase.model) and call.get("status") == "success"]
    bad = [call for call in calls if _is(str(call.get("model")), phase.refused) and call.get("status") == "error"]
    return Totals(
        len(good),
        len(bad),
        sum(int(call.get("llm_input_tokens", 0)) for call in good),
        sum(int(call.get("llm_output_tokens", 0)) for call in good),
        sum(call.get("llm_cost_usd", 0.0) for call in good),
    )


def _is(name: str, model: str) -> bool:
    """Whether it is the model, with or without the date of its release."""
    return re.fullmatch(rf"{re.escape(model)}(-\d{{4}}-\d\d-\d\d)?", name) is not None
