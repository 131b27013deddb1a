"""The servers' own metrics are what rules and the board think they are: on the real servers, faults included."""

from __future__ import annotations

import json
import re
import shutil
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._paths import config_root
from heliograph.stack._stores import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.stack import Stack

    from ._otlp import Sender

WEEKS = 21 * 86400
# What only a fault beyond these tests makes; the metrics of other signals, from the same line of Jsonnet, are seen.
UNSEEN = re.compile(
    r"otelcol_exporter_(send_failed_(spans|metric_points)|enqueue_failed_\w+)_total|loki_ingester_wal_corruptions_total"
)


def _spelled() -> Iterator[dict[str, Any]]:
    import rjsonnet

    pending = [json.loads(rjsonnet.evaluate_file(str(config_root() / "dashboards/lib/server_metrics.libsonnet")))]
    while pending:
        node = pending.pop()
        if isinstance(node.get("name"), str):
            yield node
        else:
            pending.extend(node.values())


METRICS = sorted(_spelled(), key=lambda metric: str(metric["name"]))


@pytest.fixture(scope="module")
def prometheus(bare_stack: Stack, otlp: Sender) -> Prometheus:
    """Prometheus, two scrapes after a little of everything: one record of each signal, and a log nobody can store."""
    prometheus = Prometheus(bare_stack.urls["prometheus"])
    assert otlp.span("names") == otlp.log("names", "fine") == otlp.gauge("names", "reading", 1.0) == 200
    assert otlp.log("names", "too old", WEEKS) == 200  # the collector takes it; Loki will not
    with urllib.request.urlopen(bare_stack.urls["jaeger"] + "/api/services", timeout=10) as answer:
        assert answer.status == 200
    end = time.monotonic() + 90
    while not prometheus.query('sum(increase(loki_discarded_samples_total[5m])) and max(up{job="jaeger"})'):
        assert time.monotonic() < end
        time.sleep(1)
    time.sleep(16)  # the other targets' scrape
    return prometheus


@pytest.mark.parametrize("metric", METRICS, ids=[metric["name"] for metric in METRICS])
def test_a_server_exposes_it_with_these_labels(prometheus: Prometheus, metric: dict[str, Any]) -> None:
    if UNSEEN.fullmatch(metric["name"]):
        pytest.skip("made by a fault of a kind that is not tried here")
    name = metric["name"] + ("_count" if metric["type"] == "histogram" else "")
    samples = prometheus.query(name)
    assert samples, name
    own = {"__name__", "job", "instance", "le"}
    found = {label for sample in samples for label in sample.labels} - own
    # Jaeger, which counts under the collector's names, adds its library's.
    scope = {"otel_scope_name", "otel_scope_schema_url", "otel_scope_version"}
    assert found - scope <= set(metric["labels"])
    assert found >= set(metric["labels"]) - scope - {"url_path"}


def test_the_first_failure_is_counted_though_its_series_begins_above_0(prometheus: Prometheus) -> None:
    """What the rule TelemetryLost is about: the collector sends no start time, `increase` sees nothing at first."""
    name = "otelcol_exporter_send_failed_log_records_total"
    assert [sample.value for sample in prometheus.query(name)] in (
        [1],
        [2],
    )  # with its neighbour, where both went together
    # Of one point there is no increase, of several equal ones it is 0.
    assert not any(sample.value for sample in prometheus.query(f"increase({name}[5m])"))
    end = time.monotonic() + 60
    while not prometheus.query('ALERTS{alertname="TelemetryLost", alertstate="firing", reason="refused"}'):
        assert time.monotonic() < end
        time.sleep(1)


def test_loki_sends_start_times(prometheus: Prometheus) -> None:
    """So that `increase` finds the first failure there, and rules need nothing more."""
    (grown,) = prometheus.query("sum(increase(loki_discarded_samples_total[5m]))")
    assert grown.value > 0


def test_the_disks_are_those_of_this_machine(prometheus: Prometheus) -> None:
    found = {s.labels["mountpoint"]: s.value for s in prometheus.query('system_filesystem_usage_bytes{state="free"}')}
    assert found
    for mountpoint, free in found.items():
        assert free == pytest.approx(shutil.disk_usage(mountpoint).free, rel=0.1)
    assert {s.labels["job"] for s in prometheus.query("system_filesystem_usage_bytes")} == {"host"}


def test_nothing_else_of_the_stack_fires(prometheus: Prometheus) -> None:
    stack = "RulesFailing|NotificationsFailing|ConfigReloadFailed|CollectorQueueFilling|MeterOverloaded|ServiceDown"
    assert prometheus.query(f'ALERTS{{alertname=~"{stack}"}}') == []
    assert prometheus.query('ALERTS{alertname="Watchdog", alertstate="firing"}')
