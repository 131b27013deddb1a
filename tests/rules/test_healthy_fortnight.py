"""Two weeks of healthy traffic, with nights, weekends, deploys and single failures, call nobody.

`shop-assistant` is large: thousands of queries a day, busiest in the evening, a deploy every weekday. `report-writer`
is small: office hours, a handful of queries, nights without any. `nightly-batch` runs on Sundays for two hours and
ends cleanly. All of them fail now and then, have slow calls and moments of twice the traffic, as real ones do.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.config import load

from ._generated import RECORD, groups, needed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
MINUTES = 14 * 24 * 60
_EDGES = ("0.5", "1", "2", "5", "30", "60", "+Inf")
_CALL_SHARES = (0.7, 0.985, 0.998, 1.0, 1.0, 1.0, 1.0)  # of calls at or below each edge
_QUERY_SHARES = (0.2, 0.5, 0.85, 0.98, 0.999, 1.0, 1.0)
_COST_EDGES = ("0.01", "0.05", "0.1", "0.5", "+Inf")


@dataclass(frozen=True)
class _Service:
    """One application: queries a minute at its busiest, when that is (hour of the day), and how quiet the rest is."""

    name: str
    peak: float
    busiest: float
    night: float
    """Share of the peak that is left at the quietest hour."""
    weekend: float
    """Share of a weekday's traffic on Saturdays and Sundays."""
    tokens: int
    """Input tokens of a call; output is a quarter of that."""
    usd: float
    """Cost of a call."""
    model: str
    deploys: bool = True
    error_share: float = 0.003


FLEET = (
    _Service("shop-assistant", 12.0, 20.0, 0.08, 1.3, 900, 0.002, "gpt-4o-mini"),
    _Service("report-writer", 0.4, 11.0, 0.0, 0.05, 1200, 0.006, "gpt-4o", deploys=False, error_share=0.006),
)


@dataclass
class _Counters:
    """Counters of one process; a new process starts them at 0."""

    values: dict[str, float] = field(default_factory=dict)

    def add(self, series: str, amount: float) -> None:
        self.values[series] = self.values.get(series, 0.0) + amount


@cache
def _fortnight(start: datetime = START, seed: int = 1) -> dict[str, list[float | None]]:
    """Return series in PromQL's notation → a value a minute, None where the series does not exist."""
    dice = random.Random(seed)  # noqa: S311 - traffic, not cryptography
    series: dict[str, list[float | None]] = {}
    for service in FLEET:
        for minute, values in enumerate(_life(service, start, dice)):
            _put(series, minute, values)
    for minute, values in _batch(start, dice):
        _put(series, minute, values)
    for minute in range(MINUTES):
        _put(series, minute, _stack(minute))
    return series


def _put(series: dict[str, list[float | None]], minute: int, values: dict[str, float]) -> None:
    for name, value in values.items():
        series.setdefault(name, [None] * MINUTES)[minute] = value


def _life(service: _Service, start: datetime, dice: random.Random) -> Iterator[dict[str, float]]:
    counters, process = _Counters(), 0
    for minute in range(MINUTES):
        now = start + timedelta(minutes=minute)
        if service.deploys and now.weekday() < 5 and (now.hour, now.minute) == (14, 30):  # Saturday
            counters, process = _Counters(), process + 1
        _count(service, counters, _poisson(service.peak * _pace(service, now, dice), dice), dice)
        yield _named(service.name, f"{service.name}-{process}", counters, now)


def _pace(service: _Service, now: datetime, dice: random.Random) -> float:
    """Return the share of the peak at this moment: a day's wave, the week, noise, and an evening of twice as much."""
    hours = (now.hour + now.minute / 60 - service.busiest) / 24
    wave = (1 + math.cos(2 * math.pi * hours)) / 2
    day = service.weekend if now.weekday() >= 5 else 1.0  # Saturday
    burst = 1.7 if (now.weekday(), now.hour) == (3, 19) else 1.0
    return (service.night + (1 - service.night) * wave**2) * day * burst * dice.uniform(0.85, 1.15)


def _count(service: _Service, counters: _Counters, queries: int, dice: random.Random) -> None:
    model = f'provider="openai",model="{service.model}",operation="chat",chain="answer",tenant=""'
    asked = 'query_type="question",tenant="",chain="answer"'
    failed = sum(dice.random() < service.error_share for _ in range(queries))
    for status, error, number in (("success", "", queries - failed), ("error", "InternalServerError", failed)):
        counters.add(f'query_requests_total{{{asked},status="{status}",error_type="{error}"}}', number)
        counters.add(f'llm_requests_total{{{model},status="{status}",error_type="{error}"}}', number)
    times = [dice.random() for _ in range(queries)]
    _spread(counters, "llm_latency_seconds", f'{model},status="success"', times, _CALL_SHARES)
    _spread(counters, "query_latency_seconds", f'{asked},status="success"', times, _QUERY_SHARES)
    _spread(counters, "chain_latency_seconds", 'chain="answer",status="success"', times, _QUERY_SHARES)
    for edge in _COST_EDGES:
        counters.add(f'query_cost_bucket{{{asked},le="{edge}"}}', queries)
    counters.add(f"query_cost_count{{{asked}}}", queries)
    for kind, number in (("input", service.tokens), ("output", service.tokens // 4)):
        counters.add(f'llm_tokens_total{{{model},type="{kind}"}}', number * queries)
    counters.add(f"llm_cost_total{{{model}}}", round(service.usd * queries, 6))
    counters.add(f'llm_wasted_cost_total{{{model},reason="error"}}', round(service.usd * failed, 6))


def _spread(counters: _Counters, name: str, labels: str, times: list[float], shares: tuple[float, ...]) -> None:
    for edge, share in zip(_EDGES, shares, strict=True):
        counters.add(f'{name}_bucket{{{labels},le="{edge}"}}', sum(time <= share for time in times))
    counters.add(f"{name}_count{{{labels}}}", len(times))


def _named(job: str, instance: str, counters: _Counters, now: datetime) -> dict[str, float]:
    """Return the counters under their process's labels, with what every process says of itself."""
    process = f'job="{job}",deployment_environment_name="production",instance="{instance}"'
    values = {name.replace("{", f"{{{process},", 1): value for name, value in counters.values.items()}
    quota = f'{{{process},provider="openai",model="gpt-4o-mini",type="tokens"}}'
    return values | {
        f"heliograph_heartbeat{{{process}}}": now.timestamp(),
        f"heliograph_price_age_seconds{{{process}}}": 20 * 86_400.0,
        f"llm_quota_limit{quota}": 200_000.0,
        f"llm_quota_remaining{quota}": 170_000.0,
    }


def _batch(start: datetime, dice: random.Random) -> Iterator[tuple[int, dict[str, float]]]:
    service = _Service("nightly-batch", 3.0, 2.0, 1.0, 1.0, 300, 0.0005, "gpt-4o-mini")
    counters = _Counters()
    for minute in range(MINUTES):
        now = start + timedelta(minutes=minute)
        if now.weekday() != 6 or not 1 <= now.hour < 3:  # Sunday, from one to three
            continue
        if (now.hour, now.minute) == (1, 0):
            counters = _Counters()
        _count(service, counters, _poisson(service.peak, dice), dice)
        instance = f"{service.name}-{now.date()}"
        values = _named(service.name, instance, counters, now)
        if (now.hour, now.minute) == (2, 59):
            process = f'job="{service.name}",deployment_environment_name="production",instance="{instance}"'
            values[f"heliograph_clean_exit{{{process}}}"] = now.timestamp()
        yield minute, values


def _stack(minute: int) -> dict[str, float]:
    """Return what the servers say: all up, nothing refused, queues that breathe, a disk that fills and is emptied."""
    names = ("collector", "prometheus", "alertmanager", "loki", "jaeger", "heliograph-canary")
    values = {f'up{{job="{name}",instance="{name}"}}': 1.0 for name in names}
    values |= {name.replace("{", '{job="prometheus",instance="prometheus",'): n for name, n in _PROMETHEUS.items()}
    values |= {name.replace("{", '{job="loki",instance="loki",'): n for name, n in _LOKI.items()}
    values['prometheus_tsdb_head_series{job="prometheus",instance="prometheus"}'] = 5_000.0 + minute % 120
    since = minute % (7 * 24 * 60)  # of an upgrade each week, when the collector's counters start again
    collector = 'job="collector",instance="collector"'
    for signal in ("spans", "metric_points", "log_records"):
        receiver = f'{{{collector},receiver="otlp",transport="http"}}'
        values[f"otelcol_receiver_accepted_{signal}_total{receiver}"] = 600.0 * since
        values[f"otelcol_receiver_refused_{signal}_total{receiver}"] = 0.0
    for exporter in ("otlp_http/prometheus", "otlp_http/loki", "otlp_grpc/jaeger", "otlp_http/meter"):
        labels = f'{{{collector},exporter="{exporter}"}}'
        values[f"otelcol_exporter_queue_size{labels}"] = float(minute % 7) * 10_000
        values[f"otelcol_exporter_queue_capacity{labels}"] = 4_294_967_296.0
    values[f"otelcol_process_uptime_seconds_total{{{collector}}}"] = 60.0 * since
    for signal in ("logs", "metrics", "traces"):  # once a day one call of the canary is late
        canary = f'{{job="heliograph-canary",instance="canary",signal="{signal}"}}'
        values[f"heliograph_canary_arrived{canary}"] = float(minute % 1440 != 770)
    # Up by a quarter within twelve hours of traffic, and down again when old data goes.
    used = 45e9 + 10e9 * abs((minute % 1440) / 720 - 1)
    disk = 'job="host",device="/dev/sda1",mode="rw",mountpoint="/",type="ext4"'
    for state, size in (("used", used), ("free", 100e9 - used)):
        values[f'system_filesystem_usage_bytes{{{disk},state="{state}"}}'] = size
    return values


_PROMETHEUS = {
    'prometheus_rule_evaluation_failures_total{rule_group="heliograph-calls"}': 0.0,
    'prometheus_notifications_dropped_total{alertmanager="http://alertmanager:9093"}': 0.0,
    'prometheus_notifications_errors_total{alertmanager="http://alertmanager:9093"}': 2.0,  # of the first start
    "prometheus_tsdb_wal_writes_failed_total{}": 0.0,
    "prometheus_config_last_reload_successful{}": 1.0,
}
_LOKI = {
    'loki_prometheus_rule_group_rules{rule_group="heliograph-agents"}': 3.0,
    'loki_prometheus_rule_evaluation_failures_total{rule_group="heliograph-agents"}': 0.0,
}


def _poisson(mean: float, dice: random.Random) -> int:
    """Return how many arrive when `mean` are expected (Knuth, The Art of Computer Programming 2, 3.4.1)."""
    limit, product, number = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        number += 1
    return number


# What an operator with a large application writes: the shipped 100 000 tokens an hour are a hundred queries.
OVERRIDES = {"HighHourlyTokens": [{"match": {"job": "shop-assistant"}, "warning": 5e6, "critical": 1e7}]}


def _notation(values: list[float | None]) -> str:
    """Return promtool's list of values, with `_xN` for a stretch without any."""
    parts: list[str] = []
    missing = 0
    for value in [*values, 0.0]:
        if value is None:
            missing += 1
            continue
        if missing:
            parts.append(f"_x{missing}")
            missing = 0
        parts.append(f"{value:.10g}")
    return " ".join(parts[:-1])


_LOOK = 6  # hours that one question looks back; promtool reads no more than 10 000 samples for it
_FIRING = (
    f'count by (alertname, severity, job) (count_over_time(ALERTS{{alertstate="firing",severity!="info"}}[{_LOOK}h]))'
)
_BEATS = f'sum(count_over_time(heliograph_heartbeat{{job="shop-assistant"}}[{_LOOK}h]))'


# Those that look back for a quarter of an hour or longer, and read no record.
_LONG = {"HighQueryCost", "LabelValuesFolded", "NoTraffic", "RedactionFailing", "StalePrices", "UnpricedModel"}


def _slow(rule: dict[str, Any]) -> bool:
    return bool(RECORD.search(rule["expr"])) or rule["alert"] in _LONG


def _of_stack(group: dict[str, Any]) -> bool:
    return str(group["name"]).startswith("heliograph-stack")


@pytest.mark.stack
@pytest.mark.parametrize(("part", "evaluation"), [("applications", 1), ("stack", 2), ("long windows", 5)])
def test_two_healthy_weeks_call_nobody(part: str, evaluation: int, promtool: Path, tmp_path: Path) -> None:
    """Every alert, evaluated every few minutes: what looks back far, less often."""
    config = load().merged({"alerts": {name: {"overrides": rows} for name, rows in OVERRIDES.items()}})
    wanted = {
        rule["alert"]
        for group in groups(config)
        for rule in group["rules"]
        if part == ("stack" if _of_stack(group) else "long windows" if _slow(rule) else "applications")
    }
    # Without what only boards read: totals of a day, every minute for two weeks.
    rules = needed(groups(config, "records") + groups(config), wanted)
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": rules}), encoding="utf-8")
    test = {
        "interval": "1m",
        "start_timestamp": START.isoformat().replace("+00:00", "Z"),
        "input_series": [{"series": name, "values": _notation(values)} for name, values in _fortnight().items()],
        "promql_expr_test": [
            expectation
            for hour in range(_LOOK, MINUTES // 60 + 1, _LOOK)
            for expectation in (
                {"expr": _FIRING, "eval_time": f"{60 * hour - evaluation}m", "exp_samples": []},
                # The traffic was there: without it nothing fires either.
                {
                    "expr": _BEATS,
                    "eval_time": f"{60 * hour - evaluation}m",
                    "exp_samples": [{"labels": "{}", "value": min(60 * _LOOK, 60 * hour - evaluation + 1)}],
                },
            )
        ],
    }
    content = {
        "rule_files": ["rules.yaml"],
        "group_eval_order": [group["name"] for group in rules],
        "evaluation_interval": f"{evaluation}m",
        "tests": [test],
    }
    file = tmp_path / "fortnight.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
