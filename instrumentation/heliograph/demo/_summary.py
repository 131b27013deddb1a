"""What the demo found, read from the stores, and how it is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heliograph.demo._application import SERVICE
from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heliograph.demo._alerts import AlertStory
    from heliograph.stack._stores import Jaeger, LogLine, Loki, Prometheus, Span

__all__ = ["COST_TOLERANCE_USD", "Costs", "Summary", "read_costs"]

COST_TOLERANCE_USD = 1e-9
"""How far the three bills may be apart: floating point, nothing else."""

_SPAN = "[1h]"  # raw counters of processes that have ended are still found, however long ago within the demo


@dataclass(frozen=True)
class Costs:
    """The same bill from three sources, in USD by model."""

    counters: Mapping[str, float]
    """`llm_cost_total` in Prometheus: raw counter values, no rate and no extrapolation."""
    events: Mapping[str, float]
    """`llm_cost_usd` of the `llm.call` events in Loki."""
    audit: Mapping[str, float]
    """The provider's own usage log times literal prices, by a script that imports nothing of Heliograph."""

    @property
    def difference(self) -> float:
        """The largest distance between the three bills of any model, in USD."""
        models = {*self.counters, *self.events, *self.audit}
        bills = (self.counters, self.events, self.audit)
        return max((max(b.get(m, 0.0) for b in bills) - min(b.get(m, 0.0) for b in bills) for m in models), default=0.0)

    @property
    def agree(self) -> bool:
        """Whether all three say the same, and something was billed at all."""
        return self.difference <= COST_TOLERANCE_USD and sum(self.audit.values()) > 0


def read_costs(prometheus: Prometheus, loki: Loki, usage_log: Path) -> Costs:
    """Read the bill from the counters, the events and the provider's usage log."""
    counters = prometheus.query(f"sum by (model) (last_over_time(llm_cost_total{_SPAN}))")
    events: dict[str, float] = defaultdict(float)
    for line in _events(loki):
        if "llm_cost_usd" in line.labels:
            events[line.labels["model"]] += float(line.labels["llm_cost_usd"])
    return Costs({s.labels["model"]: s.value for s in counters}, dict(events), _audit(usage_log))


def _events(loki: Loki) -> list[LogLine]:
    return loki.lines('{service_name=~".+"} | event_name="llm.call"', limit=5000)


def _audit(usage_log: Path) -> dict[str, float]:
    script = config_root() / "examples" / "research_assistant" / "audit_cost.py"
    done = subprocess.run(
        [sys.executable, str(script), "--json", str(usage_log)], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise HeliographError("the separate cost script failed", why=done.stderr.strip()[-2000:])
    models = json.loads(done.stdout)["models"]
    return {model: float(bill["usd"]) for model, bill in models.items()}


@dataclass(frozen=True)
class Summary:
    """Everything the last page of the demo shows."""

    answered: int
    failed: int
    requests: Mapping[str, float]
    """Attempts at the provider by status."""
    tokens: Mapping[str, float]
    """Totals by type (input, output)."""
    costs: Costs
    p95_seconds: float
    slowest: list[Span] = field(default_factory=list)
    """The trace that holds the slowest call, by start time."""
    log_line: LogLine | None = None
    """A log line of the application, found by that trace's id."""
    alerts: list[AlertStory] = field(default_factory=list)
    links: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        prometheus: Prometheus,
        loki: Loki,
        jaeger: Jaeger,
        *,
        usage_log: Path,
        answered: int,
        failed: int,
        alerts: list[AlertStory],
        links: Mapping[str, str],
    ) -> Summary:
        def by(label: str, metric: str) -> dict[str, float]:
            found = prometheus.query(f"sum by ({label}) (last_over_time({metric}{_SPAN}))")
            return {s.labels.get(label, ""): s.value for s in found}

        p95 = prometheus.number(
            f"histogram_quantile(0.95, sum by (le) (last_over_time(llm_latency_seconds_bucket{_SPAN})))"
        )
        # The slowest call of the application itself: a one-shot script's first call pays for its imports.
        calls = [e for e in _events(loki) if e.labels.get("service_name") == SERVICE and e.labels.get("trace_id")]
        slowest: list[Span] = []
        line = None
        if calls:
            trace_id = max(calls, key=lambda e: float(e.labels["llm_latency_seconds"])).labels["trace_id"]
            slowest = jaeger.trace(trace_id)
            found = loki.lines(f'{{service_name="{SERVICE}"}} | trace_id="{trace_id}" | event_name=""')
            line = found[0] if found else None
        return cls(
            answered=answered,
            failed=failed,
            requests=by("status", "llm_requests_total"),
            tokens=by("type", "llm_tokens_total"),
            costs=read_costs(prometheus, loki, usage_log),
            p95_seconds=p95 if p95 is not None else float("nan"),
            slowest=slowest,
            log_line=line,
            alerts=alerts,
            links=links,
        )

    def problems(self) -> list[str]:
        """Return what is not as it must be; an empty list is a good demo."""
        found = []
        if not self.costs.agree:
            found.append(
                f"the bills differ by {self.costs.difference:.3g} USD: counters {dict(self.costs.counters)}, "
                f"events {dict(self.costs.events)}, usage log {dict(self.costs.audit)}"
            )
        if not self.slowest:
            found.append("the trace of the slowest call is not in Jaeger")
        if self.log_line is None:
            found.append("no log line of the slowest call's trace is in Loki")
        return found
