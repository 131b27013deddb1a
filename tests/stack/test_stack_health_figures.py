"""The board about the stack itself, on the real servers: every query has data, and figures are right.

They are compared with what is counted elsewhere: by the sender, by the operating system, by the canary.
"""

from __future__ import annotations

import json
import math
import re
import secrets
import shutil
import time
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._paths import config_root
from heliograph.stack._stores import Prometheus, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heliograph.stack import Stack

    from ._otlp import Sender

BOARD: dict[str, Any] = json.loads((config_root() / "dashboards/generated/stack-health.json").read_text())
VARIABLES = {"$__rate_interval": "30s", "$__range": "1h", "$__interval": "30s"}
STEP = 5.0
"""Seconds between the points of a graph: with many of them in a window, the sum of a rate is the number of events."""
SPANS = 2000
WITHIN = 0.05
"""Other senders' share at most (the canary's, another test's), and what a rate guesses beyond its first sample."""

# What a stack that is well, and young, has none of. These queries are run all the same: they must not be refused.
EMPTY = {
    "Delivery time, p95": "nothing may have been notified",
    "Lines that Loki refused": "refuses none",
    "Searches in Jaeger, p95": "its counter is made by the first search",
    "Left out": "no filter left out any",
    "Age of the price list": "nobody has looked for a price",
    "Applications that beat": "no application beats, where the meter has not started to report",
}


def _filled_in(expression: str) -> str:
    return re.sub(r"\$__\w+", lambda name: VARIABLES[name[0]], expression)


def _targets() -> Iterator[Any]:
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            yield pytest.param(panel, target, id=f"{panel['title']}-{target['refId']}")


def _shown(prometheus: Prometheus, title: str, ref: str = "A", *, seconds: float = 120.0) -> list[Sample]:
    """Return what a panel's query gives: of a figure its value now, of a graph its points of the last `seconds`."""
    panel = next(panel for panel in BOARD["panels"] if panel["title"] == title)
    target = next(target for target in panel["targets"] if target["refId"] == ref)
    expression, now = _filled_in(target["expr"]), time.time()
    if target["instant"]:
        found = prometheus.query(expression)
    else:
        found = prometheus.points(expression, start=now - seconds, end=now, step=STEP)
    return [sample for sample in found if math.isfinite(sample.value)]


def _figure(prometheus: Prometheus, title: str) -> float:
    (sample,) = _shown(prometheus, title)
    return sample.value


def _until(true: Callable[[], object], seconds: float, what: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(1)


def _many_spans() -> bytes:
    spans = [
        {
            "traceId": secrets.token_hex(16),
            "spanId": secrets.token_hex(8),
            "name": "work",
            "startTimeUnixNano": str(time.time_ns()),
            "endTimeUnixNano": str(time.time_ns()),
        }
        for _ in range(SPANS)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "many"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).encode()


@pytest.fixture(scope="module")
def prometheus(bare_stack: Stack, otlp: Sender) -> Prometheus:
    """Prometheus, once every target was scraped, and the collector has counted as many spans as will be sent later.

    It makes a counter at the first span: how that came about is what `rate` cannot see, and of a counter near 0 it
    extrapolates less.
    """
    prometheus = Prometheus(bare_stack.urls["prometheus"])
    counters = (
        'otelcol_receiver_accepted_spans_total{job="collector"}',
        'otelcol_exporter_sent_spans_total{job="collector", exporter="otlp_grpc/jaeger"}',
        'otelcol_exporter_sent_spans_total{job="jaeger"}',
    )
    # Tests before this one may have sent many.
    before = [sum(sample.value for sample in prometheus.query(counter)) for counter in counters]
    assert otlp.post("/v1/traces", _many_spans()) == 200
    jobs = "collector|prometheus|alertmanager|loki|jaeger|heliograph-canary"
    waited_for = (
        f'sum(up{{job=~"{jobs}"}}) == 6',
        *(f"sum({counter}) >= {count + SPANS}" for counter, count in zip(counters, before, strict=True)),
        "system_filesystem_usage_bytes",
        *(f"sum(increase({counter}[30s])) < {WITHIN * SPANS / 2}" for counter in counters),
    )
    for expression in waited_for:
        _until(partial(prometheus.query, expression), 90, partial(str, expression))
    return prometheus


def test_servers_are_those_that_the_stack_started(prometheus: Prometheus, bare_stack: Stack) -> None:
    """The inbox and the meter are not scraped."""
    started = {status.name for status in bare_stack.status()} - {"inbox", "meter"} | {"heliograph-canary"}
    found = {sample.labels["job"]: sample.value for sample in _shown(prometheus, "Servers that answer", seconds=STEP)}
    assert found == dict.fromkeys(started - {"canary"}, 1)
    assert _figure(prometheus, "Servers down") == 0


def test_disks_are_as_full_as_the_system_says(prometheus: Prometheus) -> None:
    free = {s.labels["mountpoint"]: s.value for s in _shown(prometheus, "Free on the disks", seconds=STEP)}
    assert free
    full = {}
    for mountpoint, size in free.items():
        usage = shutil.disk_usage(mountpoint)
        assert size == pytest.approx(usage.free, rel=0.1)
        full[mountpoint] = 100 * usage.used / (usage.used + usage.free)
    assert _figure(prometheus, "Fullest disk") == pytest.approx(max(full.values()), abs=2)


@pytest.fixture(scope="module")
def sent(prometheus: Prometheus, otlp: Sender) -> float:
    """Send so many spans that what others send beside them does not matter; return the Unix time before."""
    del prometheus  # it has seen as many already
    before = time.time()
    assert otlp.post("/v1/traces", _many_spans()) == 200
    return before


@pytest.mark.parametrize(
    ("title", "legend", "labels"),
    [
        ("Received per second", "traces", {}),
        ("Stored per second", "{{exporter}}", {"exporter": "otlp_grpc/jaeger"}),
        ("Spans stored per second", "stored", {}),
    ],
)
def test_spans_are_those_that_were_sent(
    prometheus: Prometheus, sent: float, title: str, legend: str, labels: dict[str, str]
) -> None:
    panel = next(panel for panel in BOARD["panels"] if panel["title"] == title)
    refs = [target["refId"] for target in panel["targets"] if target["legendFormat"] == legend]

    def spans() -> float:
        points = [point for ref in refs for point in _shown(prometheus, title, ref, seconds=time.time() - sent)]
        return sum(STEP * point.value for point in points if labels.items() <= point.labels.items())

    # The next scrape, and the window that looks back at it.
    _until(lambda: spans() == pytest.approx(SPANS, rel=WITHIN), 120, spans)


def test_the_canary_is_shown_as_it_says_itself(prometheus: Prometheus, bare_stack: Stack) -> None:
    def said() -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{bare_stack.ports.canary}/healthz", timeout=10) as answer:
            signals = json.load(answer)["signals"]
        return {name: float(one["seconds"] is not None) for name, one in signals.items()}

    def shown() -> dict[str, float]:
        points = _shown(prometheus, "Canary: what arrives", seconds=STEP)
        return {point.labels["signal"]: point.value for point in points}

    _until(lambda: len(shown()) == 3 and shown() == said(), 90, lambda: (shown(), said()))


@pytest.mark.parametrize(("panel", "target"), list(_targets()))
@pytest.mark.usefixtures("sent")
def test_panel_has_data(panel: dict[str, Any], target: dict[str, Any], prometheus: Prometheus) -> None:
    found = _shown(prometheus, panel["title"], target["refId"], seconds=600)
    assert found or panel["title"] in EMPTY, _filled_in(target["expr"])
