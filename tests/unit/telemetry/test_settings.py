from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource

from heliograph.telemetry._resource import build_resource, forked_instance
from heliograph.telemetry._settings import Settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "HELIOGRAPH_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("environment", "field", "expected"),
    [
        ({}, "metric_interval", 5.0),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "1500"}, "metric_interval", 1.5),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "soon"}, "metric_interval", 5.0),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "0"}, "metric_interval", 5.0),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "3"}, "timeout", 3.0),
        ({"HELIOGRAPH_EXIT_TIMEOUT": "1"}, "exit_timeout", 1.0),
        ({}, "protocol", "http/protobuf"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "protocol", "grpc"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "protocol", "http/protobuf"),
        ({"OTEL_LOGS_EXPORTER": "none"}, "exports", {"traces", "metrics"}),
        ({"OTEL_METRICS_EXPORTER": "prometheus"}, "exports", {"traces", "logs"}),
        ({"OTEL_METRICS_EXPORTER": "prometheus"}, "metrics_port", 9464),
        ({"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "9000"}, "metrics_port", 9000),
        ({"HELIOGRAPH_METRICS_PORT": "9100"}, "metrics_port", 9100),
        ({"HELIOGRAPH_METRICS_PORT": "http"}, "metrics_port", None),
        ({}, "metrics_port", None),
        ({"OTEL_SDK_DISABLED": "TRUE"}, "disabled", True),
        ({}, "captures_content", False),
        ({"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only"}, "captures_content", True),
        ({"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "event_only"}, "captures_content", False),
    ],
)
def test_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], field: str, expected: Any
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert getattr(Settings.resolve(), field) == expected


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_METRIC_EXPORT_INTERVAL": "soon"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
        {"OTEL_TRACES_EXPORTER": "zipkin"},
        {"HELIOGRAPH_METRICS_PORT": "http"},
    ],
)
def test_what_cannot_be_used_is_said_by_name(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (warning,) = Settings.resolve().warnings
    assert all(name in warning for name in environment)


def test_credentials_in_an_endpoint_are_not_shown() -> None:
    assert "secret" not in Settings.resolve(endpoint="http://user:secret@collector:4318").shown_endpoint


@pytest.mark.parametrize(
    ("argv", "name"),
    [(["/srv/app.py"], "app"), (["/srv/shop/__main__.py"], "shop"), ([""], "unknown_service:python")],
)
def test_a_service_without_a_name_has_its_scripts(monkeypatch: pytest.MonkeyPatch, argv: list[str], name: str) -> None:
    monkeypatch.setattr("sys.argv", argv)
    assert Settings.resolve().service_name == name


def test_an_instance_id_is_unique_and_new_after_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.resolve(service_name="s")
    first, second = build_resource(settings), build_resource(settings)
    assert first.attributes["service.instance.id"] != second.attributes["service.instance.id"]
    child = first.merge(forked_instance(first))
    assert child.attributes["service.instance.id"] != first.attributes["service.instance.id"]
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=web")
    chosen = build_resource(settings)
    assert chosen.attributes["service.instance.id"] == "web"
    assert forked_instance(chosen).attributes["service.instance.id"] == f"web-{os.getpid()}"
    assert isinstance(chosen, Resource)


def test_queues_and_the_spool_are_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain = Settings.resolve()
    assert (plain.spool, plain.spool_size) == (None, 256_000_000)
    assert (plain.span_queue.items, plain.span_queue.batch, plain.span_queue.delay) == (8192, 512, 1.0)
    assert Settings.resolve(spool=tmp_path).spool == tmp_path
    for name, value in {
        "HELIOGRAPH_SPOOL": "~/spool",
        "HELIOGRAPH_SPOOL_MB": "10",
        "HELIOGRAPH_QUEUE_MB": "1.5",
        "OTEL_BSP_MAX_QUEUE_SIZE": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "250",
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "nonsense",
    }.items():
        monkeypatch.setenv(name, value)
    said = Settings.resolve(spool=tmp_path)
    assert said.spool == Path("~/spool").expanduser(), "the operator's word is the last"
    assert (said.spool_size, said.span_queue.size, said.log_queue.size) == (10_000_000, 1_500_000, 1_500_000)
    assert (said.span_queue.items, said.span_queue.batch) == (100, 100), "a batch is no larger than its queue"
    assert (said.log_queue.delay, said.log_queue.batch) == (0.25, 512)
    assert len(said.warnings) == 1
