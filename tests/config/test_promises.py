"""What reliability rests on, read from the files: each line here was a trap for somebody."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.config import load as load_config
from heliograph.config._durability import limits
from heliograph.config._server_files import VARIABLES
from heliograph.config._types import seconds
from heliograph.stack import Stack
from heliograph.stack._sync_writes import VARIABLE as SYNC_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

PROMISED = load_config().durability
LIMITS = limits(PROMISED)

STORES = ("otlp_http/prometheus", "otlp_http/loki", "otlp_grpc/jaeger", "otlp_http/meter")


@pytest.fixture(scope="module")
def collector(load: Any) -> Any:
    return load("collector/otelcol.yaml")


@pytest.fixture(scope="module")
def prometheus(load: Any) -> Any:
    return load("prometheus/prometheus.yml")


@pytest.fixture(scope="module")
def loki(load: Any) -> Any:
    return load("loki/loki.yaml")


def default(text: Any) -> str:
    """Return what a server uses when nobody sets the variable."""
    found = re.search(r"\$\{(?:env:)?\w+:-([^}]+)\}", str(text))
    assert found, text
    return found[1]


@pytest.mark.parametrize("name", STORES)
def test_a_store_is_never_given_up_on_and_its_queue_is_on_disk(collector: Any, name: str) -> None:
    exporter = collector["exporters"][name]
    assert exporter["retry_on_failure"]["max_elapsed_time"] == 0
    queue = exporter["sending_queue"]
    assert queue["storage"] == "file_storage/queue"
    assert queue["sizer"] == "bytes"
    assert "block_on_overflow" not in queue  # full: the sender is told, and keeps what it has
    assert queue["num_consumers"] == 1
    assert queue["batch"]["max_size"] <= 4 * 1024 * 1024


def test_requests_to_prometheus_are_not_merged(collector: Any) -> None:
    assert collector["exporters"]["otlp_http/prometheus"]["sending_queue"]["batch"]["min_size"] == 0


def test_the_queue_survives_a_power_cut_and_shrinks_again(collector: Any) -> None:
    storage = collector["extensions"]["file_storage/queue"]
    assert storage["fsync"] is True
    assert storage["recreate"] is True
    assert storage["compaction"]["on_rebound"] is True
    assert "on_start" not in storage["compaction"]


def test_nothing_is_acknowledged_before_it_is_stored(collector: Any, load: Any) -> None:
    for config in (collector, load("jaeger/jaeger.yaml")):
        used = [name for pipeline in config["service"]["pipelines"].values() for name in pipeline.get("processors", ())]
        assert not [name for name in used if name.startswith(("batch", "tail_sampling", "groupbytrace"))]


def test_what_stays_where_a_span_has_too_many_attributes_is_spelled_alike(collector: Any) -> None:
    """Jaeger's copy of a span and the meter's: OTTL has no name for a list that stands twice."""
    kept = [
        found[1]
        for name in ("transform/fits_jaeger", "transform/fits_meter")
        for group in collector["processors"][name]["trace_statements"]
        for statement in group["statements"]
        if (found := re.match(r"limit\(span\.attributes, 512, (\[.+?\])\)", statement))
    ]
    assert len(kept) == 2
    assert len(set(kept)) == 1
    assert {"gen_ai.usage.input_tokens", "llm.token_count.prompt"} <= set(json.loads(kept[0]))


def test_the_memory_limiter_comes_first_and_secrets_end_before_the_disk(collector: Any) -> None:
    for name, pipeline in collector["service"]["pipelines"].items():
        assert pipeline["processors"][0] == "memory_limiter"
        if not name.startswith("metrics"):
            assert "redaction/credentials" in pipeline["processors"]


def test_spans_go_to_the_meter_and_none_come_back(collector: Any) -> None:
    pipelines = collector["service"]["pipelines"]
    fed = {name for name, pipeline in pipelines.items() if "otlp_http/meter" in pipeline["exporters"]}
    assert fed == {"traces/meter"}
    assert "filter/genai" in pipelines["traces/meter"]["processors"]
    # It reports metrics and logs only; those pipelines must not lead to it again.
    assert not [name for name in fed if not name.startswith("traces")]


def test_what_the_collector_lets_in_prometheus_takes_after_the_longest_outage(collector: Any, prometheus: Any) -> None:
    oldest, newest = collector["processors"]["filter/out_of_window"]["metric_conditions"]
    found = re.search(r'Now\(\) \+ Duration\("(\w+)"\)', newest)
    assert found
    assert seconds(found[1]) <= 600  # Prometheus' own limit
    late = seconds(default(oldest))
    assert late == seconds(PROMISED.late)
    window = seconds(prometheus["storage"]["tsdb"]["out_of_order_time_window"])
    assert window >= late + seconds(PROMISED.outage) + seconds(PROMISED.slack)


def test_a_sender_may_have_waited_as_long_as_a_store_may_be_away() -> None:
    assert seconds(PROMISED.late) > seconds(PROMISED.outage)


def test_loki_takes_and_finds_a_backlog_of_the_longest_outage(loki: Any) -> None:
    # Lines older than the newest of their stream less max_chunk_age/2 are refused.
    age = seconds(default(loki["ingester"]["max_chunk_age"]))
    assert age / 2 >= seconds(PROMISED.late) + seconds(PROMISED.outage) + seconds(PROMISED.slack)
    assert loki["ingester"]["wal"]["enabled"] is True
    # Would be looked at instead of max_chunk_age when what is not written yet is asked for.
    assert "query_store_max_look_back_period" not in loki["ingester"]


@pytest.mark.parametrize(
    ("store", "exporter", "signal"),
    [
        ("prometheus", "otlp_http/prometheus", "points"),
        ("loki", "otlp_http/loki", "logs"),
        ("jaeger", "otlp_grpc/jaeger", "spans"),
        ("meter", "otlp_http/meter", "spans"),
    ],
)
def test_a_queue_holds_what_comes_in_during_the_longest_outage(
    collector: Any, store: str, exporter: str, signal: str
) -> None:
    load = getattr(PROMISED.load, signal)
    size = int(default(collector["exporters"][exporter]["sending_queue"]["queue_size"]))
    assert size == LIMITS.queues[store]
    assert size >= load.per_second * load.bytes * seconds(PROMISED.outage)
    assert size <= PROMISED.queue


def test_the_shipped_load_is_the_one_of_the_contract() -> None:
    """20 minutes at ten times the rate, or the whole outage at the rate: the queues hold either."""
    for signal, store in (("points", "prometheus"), ("logs", "loki"), ("spans", "jaeger")):
        load = getattr(PROMISED.load, signal)
        assert LIMITS.queues[store] >= 10 * load.per_second * load.bytes * 20 * 60


def test_the_native_stack_and_docker_get_the_same_numbers(root: Path, tmp_path: Path) -> None:
    stack = Stack(0, tmp_path / "state")
    plan, _ = stack.draft({})
    native = {server.name: server.env for server in plan.servers}
    for name, path in VARIABLES.items():
        lines = [line for line in (root / path).read_text().splitlines() if not line.startswith("#")]
        docker = dict(line.split("=", 1) for line in lines)
        assert docker
        assert docker.items() <= native[name].items(), name


def test_a_promise_of_ones_own_reaches_every_server(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(
        "durability: {outage: 30m, late: 1h, slack: 30m, load: {logs: {per_second: 500}}, sync_writes: false}\n"
    )
    stack = Stack(0, tmp_path / "state", [overlay])
    plan, settings = stack.draft({})
    env = {server.name: server.env for server in plan.servers}
    assert env["collector"]["HELIOGRAPH_LATE"] == "1h"
    assert env["collector"]["HELIOGRAPH_QUEUE_BYTES_LOKI"] == "1800000000"
    assert env["loki"]["HELIOGRAPH_LOKI_CHUNK_AGE"] == "4h"
    assert {name for name in env if env[name].get(SYNC_VARIABLE) == "false"} == {"loki", "prometheus"}
    files = stack.workspace.files(settings, stack.ports, plan.names)
    assert "out_of_order_time_window: 2h\n" in files["prometheus/prometheus.yml"]


def test_loki_stops_taking_lines_after_the_alert_and_before_its_disk_is_full(loki: Any) -> None:
    """It then answers 503, and the queue keeps them; a log that cannot be written is no log."""
    stops = 100 * loki["ingester"]["wal"]["disk_full_threshold"]
    assert load_config().alerts.DiskFilling.critical < stops < 100


def test_a_critical_alert_is_told_within_a_minute() -> None:
    """From what happened to the message, also for a second alert of a group; a `for` and a window come on top."""
    shipped = load_config()
    heard = seconds(shipped.intervals.metric_export) + seconds(shipped.intervals.evaluation)
    told = seconds(shipped.routing.group_wait) + seconds(shipped.routing.group_interval)
    sent = 15.0  # by mail over a slow line, say
    assert heard + told + sent < 60


def test_loki_keeps_few_labels_and_deletes_what_is_too_old(loki: Any) -> None:
    labels = loki["limits_config"]["otlp_config"]["resource_attributes"]
    assert labels["ignore_defaults"] is True
    assert [name for entry in labels["attributes_config"] for name in entry["attributes"]] == [
        "service.name",
        "deployment.environment.name",
    ]
    assert loki["compactor"]["retention_enabled"] is True
    assert loki["compactor"]["delete_request_store"] == "filesystem"


def test_nobody_reports_usage(loki: Any, root: Path) -> None:
    assert loki["analytics"]["reporting_enabled"] is False
    assert "reporting_enabled = false" in (root / "grafana/grafana.ini").read_text()


def test_jaeger_keeps_traces_on_disk_and_writes_at_once(load: Any) -> None:
    badger = load("jaeger/jaeger.yaml")["extensions"]["jaeger_storage"]["backends"]["badger"]["badger"]
    assert badger["ephemeral"] is False
    assert badger["consistency"] is True  # Jaeger's word for synchronous writes


def test_names_of_metrics_are_pinned(prometheus: Any) -> None:
    assert prometheus["otlp"]["translation_strategy"] == "UnderscoreEscapingWithSuffixes"
    assert prometheus["otlp"]["promote_resource_attributes"] == ["deployment.environment.name", "service.version"]


def test_prometheus_file_repeats_the_intervals_of_the_configuration(prometheus: Any) -> None:
    intervals = load_config().intervals
    assert prometheus["global"]["scrape_interval"] == str(intervals.scrape)
    assert prometheus["global"]["evaluation_interval"] == str(intervals.evaluation)


def test_applications_are_not_scraped_as_shipped(prometheus: Any, root: Path) -> None:
    job = next(job for job in prometheus["scrape_configs"] if job["job_name"] == "applications")
    patterns = [pattern for entry in job["file_sd_configs"] for pattern in entry["files"]]
    assert patterns == ["targets/applications-*.json"]
    assert list((root / "docker").glob(patterns[0])) == []


@pytest.mark.parametrize("name", ["collector/otelcol.yaml", "jaeger/jaeger.yaml", "loki/loki.yaml"])
def test_every_listening_address_is_loopback_unless_told_otherwise(root: Path, name: str) -> None:
    text = "\n".join(line.split(" #")[0] for line in (root / name).read_text().splitlines())
    assert "0.0.0.0" not in text
    for default in re.findall(r"HELIOGRAPH_LISTEN:-([^}]*)}", text):
        assert default == "127.0.0.1"
    # Whoever listens says where: `endpoint`, `host` or `http_listen_address` with the variable, or loopback itself.
    listeners = re.findall(r"(?m)^\s+(?:host|http_listen_address|grpc_listen_address): (.+)$", text)
    assert listeners
    assert all("HELIOGRAPH_LISTEN" in value or value == "127.0.0.1" for value in listeners)
