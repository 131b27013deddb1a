"""Whole programs: what they are set up in, by the application, by the environment, and without the extras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.unit.telemetry._receiver import Receiver

    Run = Callable[..., tuple[int, str, str]]
    Script = Callable[..., subprocess.Popen[str]]

from ._program import COST, program


def test_without_the_extras_everything_else_works(run: Run, receiver: Receiver) -> None:
    status, out, err = run(
        program("""
        for name in ("openai", "langsmith", "prometheus_client", "httpx2", "structlog", "pydantic",
                     "opentelemetry.util.genai", "opentelemetry.instrumentation.genai",
                     "opentelemetry.exporter.otlp.proto.grpc"):
            sys.modules[name] = None
        heliograph.configure("base", endpoint=sys.argv[1])
        call()
        try:
            heliograph.metrics_endpoint(0)
        except heliograph.errors.HeliographError as error:
            print(error)
        """),
        receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
    )
    assert status == 0, err
    assert "heliograph[grpc]" in err
    assert "pip install 'heliograph[prometheus]'" in out
    assert receiver.total("llm_requests") == 1


def test_the_applications_own_providers_are_joined(run: Run, receiver: Receiver) -> None:
    status, out, err = run(
        program("""
        from opentelemetry import metrics
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        mine = InMemorySpanExporter()
        tracers = TracerProvider(resource=Resource({"service.name": "theirs"}))
        tracers.add_span_processor(SimpleSpanProcessor(mine))
        trace.set_tracer_provider(tracers)
        reader = InMemoryMetricReader()
        metrics.set_meter_provider(MeterProvider([reader]))
        logging.basicConfig(level=logging.INFO)
        handlers = list(logging.getLogger().handlers)
        heliograph.configure("ours", endpoint=sys.argv[1])
        call()
        assert trace.get_tracer_provider() is tracers
        assert logging.getLogger().handlers[: len(handlers)] == handlers
        print(len(mine.get_finished_spans()))
        names = {m.name for r in reader.get_metrics_data().resource_metrics for s in r.scope_metrics for m in s.metrics}
        print("llm_cost" in names)
        """),
        receiver.url,
    )
    assert status == 0, err
    assert "samples" not in err
    assert out.split() == ["1", "True"]
    assert [span.resource["service.name"] for span in receiver.spans] == ["theirs"]
    assert receiver.total("llm_cost") == pytest.approx(COST)


def test_a_sampling_provider_of_the_application_is_warned_about(run: Run, receiver: Receiver) -> None:
    _, _, err = run(
        program("""
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
        trace.set_tracer_provider(TracerProvider(sampler=TraceIdRatioBased(0.1)))
        heliograph.configure("ours", endpoint=sys.argv[1])
        """),
        receiver.url,
    )
    assert "samples" in err


def test_sampling_by_the_environment_leaves_metrics_exact(run: Run, receiver: Receiver) -> None:
    status, _, err = run(
        program("""
        heliograph.configure("sampled", endpoint=sys.argv[1])
        for _ in range(200):
            call()
        """),
        receiver.url,
        OTEL_TRACES_SAMPLER="parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG="0.1",
    )
    assert status == 0, err
    assert receiver.total("llm_requests") == 200
    assert len(receiver.spans) < 60


def test_the_sdk_can_be_switched_off(run: Run, receiver: Receiver) -> None:
    status, _, _ = run(
        program("""
        heliograph.configure("off", endpoint=sys.argv[1])
        with heliograph.query():
            call()
        heliograph.flush(); heliograph.shutdown()
        """),
        receiver.url,
        OTEL_SDK_DISABLED="true",
    )
    assert status == 0
    assert receiver.requests == 0


LIGHT = """
    import sys
    import heliograph
    heavy = {"opentelemetry.sdk", "openai", "httpx2", "httpx", "pydantic", "requests", "langsmith", "genai_prices"}
    print(sorted(heavy & set(sys.modules)))
    heliograph.query, heliograph.chain
    print(sorted(heavy & set(sys.modules)))
    heliograph.configure("light", endpoint="http://127.0.0.1:9")
    print(sorted((heavy - {"opentelemetry.sdk", "requests"}) & set(sys.modules)))
"""


def test_importing_is_light_and_configuring_imports_no_library_of_the_application(run: Run) -> None:
    status, out, err = run(LIGHT)
    assert status == 0, err
    assert out.splitlines() == ["[]", "[]", "[]"]


def test_the_environment_wins_over_arguments_and_a_second_call_changes_nothing(run: Run, receiver: Receiver) -> None:
    status, _, err = run(
        program("""
        for _ in range(2):
            heliograph.configure("argument", endpoint="http://127.0.0.1:9", environment="argument")
        call()
        """),
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        OTEL_SERVICE_NAME="environment",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=environment,service.instance.id=mine",
    )
    assert status == 0, err
    assert err == ""
    (span,) = receiver.spans
    assert receiver.total("llm_requests") == 1
    said: dict[str, Any] = span.resource
    assert said["service.name"] == said["deployment.environment.name"] == "environment"
    assert said["service.instance.id"] == "mine"
