"""Calls of an application without the package, sent to the collector, and what the stores say of them afterwards."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from heliograph.stack._stores import Loki, Prometheus

    from ._otlp import Sender

__all__ = ["CALLS_A_REQUEST", "Load", "Log", "Stores", "attributes", "until"]

REQUESTS_A_SECOND: Final = 5
CALLS_A_REQUEST: Final = 10
# USD for a million tokens: https://platform.openai.com/docs/pricing
INPUT, OUTPUT = 2.50, 10.00
DIGITS: Final = 7
"""Of an amount in USD that are compared: all sums are multiples of half a millionth, and none is on an edge."""


@dataclass
class Log:
    """The sender's own: what the collector has acknowledged."""

    calls: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Response id -> input and output tokens."""

    @property
    def totals(self) -> dict[str, float]:
        tokens = [sum(one[place] for one in self.calls.values()) for place in (0, 1)]
        cost = (tokens[0] * INPUT + tokens[1] * OUTPUT) / 1e6
        return {"calls": len(self.calls), "input": tokens[0], "output": tokens[1], "cost": round(cost, DIGITS)}


def calls(count: int) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """Make a request of calls, each with a framework's span around it, and say what is in it."""
    spans: list[dict[str, Any]] = []
    told = {}
    for _ in range(count):
        trace, outer, answer = secrets.token_hex(16), secrets.token_hex(8), f"chatcmpl-{secrets.token_hex(12)}"
        usage = secrets.randbelow(2000) + 1, secrets.randbelow(500) + 1
        told[answer] = usage
        common = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
        spans += [
            _span(trace, secrets.token_hex(8), outer, {**common, "gen_ai.response.id": answer, **_usage(usage)}),
            _span(trace, outer, "", common),
        ]
    resource = {"attributes": attributes({"service.name": "crash-app"})}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).encode(), told


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    return {"gen_ai.usage.input_tokens": usage[0], "gen_ai.usage.output_tokens": usage[1]}


def _span(trace: str, span: str, parent: str, said: dict[str, Any]) -> dict[str, Any]:
    now = time.time_ns()
    times = {"startTimeUnixNano": str(now - 300_000_000), "endTimeUnixNano": str(now)}
    ids = {"traceId": trace, "spanId": span, "parentSpanId": parent}
    return {**ids, **times, "name": "chat gpt-4o", "kind": 3, "attributes": attributes(said)}


def attributes(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in said.items()
    ]


@dataclass
class Load:
    """Sends requests from a thread until told to stop."""

    sender: Sender
    log: Log = field(default_factory=Log)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(1 / REQUESTS_A_SECOND):
            body, told = calls(CALLS_A_REQUEST)
            # Only this test's sender is simple: what was not acknowledged is not sent again, and not expected.
            if self.sender.post("/v1/traces", body) == 200:
                self.log.calls |= told


@dataclass
class Stores:
    """What the stores have of the application."""

    prometheus: Prometheus
    loki: Loki

    def counted(self) -> dict[str, float]:
        ask = self.prometheus.number
        return {
            "calls": ask('sum(llm_requests_total{job="crash-app"})') or 0,
            "input": ask('sum(llm_tokens_total{job="crash-app", type="input"})') or 0,
            "output": ask('sum(llm_tokens_total{job="crash-app", type="output"})') or 0,
            "cost": round(ask('sum(llm_cost_total{job="crash-app"})') or 0, DIGITS),
        }

    def told(self) -> list[dict[str, str]]:
        lines = self.loki.lines('{service_name="crash-app"} | event_name="llm.call"', limit=5000)
        return [dict(line.labels) for line in lines]


def until(is_so: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not is_so():
        time.sleep(0.5)
