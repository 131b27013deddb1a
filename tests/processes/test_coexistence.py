"""Applications that have OpenTelemetry or logging of their own keep it; what they send arrives once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ._sink import Sink
from .conftest import APPS, INSTRUMENTATION, by_provider

if TYPE_CHECKING:
    from .conftest import World


@dataclass(frozen=True)
class Case:
    """What the application sets up by itself; who its spans, metrics and logs are from; what is said of it."""

    name: str
    ways: str
    service: str = "theirs"
    calls: int = 3
    logged: bool = True
    warned: str = ""


CASES = [
    Case("a-tracer-provider", "tracer basic-before"),
    Case("a-meter-provider", "meter basic-before", warned="OTEL_METRIC_EXPORT_INTERVAL=5000"),
    Case("a-logger-provider", "logger basic-before"),
    Case("all-three", "tracer meter logger basic-before", warned="OTEL_METRIC_EXPORT_INTERVAL=5000"),
    Case("all-three-and-a-fork", "tracer meter logger fork basic-before", calls=4, warned="every 60 s"),
    Case("basic-config-before", "basic-before", service="ours"),
    Case("basic-config-after", "basic-after", service="ours"),
    Case("dict-config-after", "dict", service="ours"),
    Case("no-logging-configuration", "", service="ours", logged=False),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_the_application_has_is_joined(world: World, case: Case) -> None:
    said = world.run("python", "joined.py", *case.ways.split(), OTEL_SERVICE_NAME="")
    world.assert_exact(calls=case.calls)
    spans = world.sink.spans()
    assert len([span for span in spans if span.name.startswith("chat")]) == case.calls
    assert len({span.id for span in spans}) == len(spans) == 2 * case.calls
    assert world.sink.orphans() == []
    assert {span.service for span in spans} == {"theirs" if "tracer" in case.ways else "ours"}
    lines = Counter(body for body, attributes, _ in world.sink.logs() if "event_name" not in attributes)
    assert {body: count for body, count in lines.items() if body.startswith("asked")} == (
        {f"asked {number}": 1 for number in (0, 1, 2, 9)[: case.calls]} if case.logged else {}
    )
    assert not [body for body in lines if "HTTP Request" in body]
    assert ("theirs asked 0" in said) == case.logged
    assert case.warned in said
    if "fork" in case.ways:
        assert len(world.sink.instances()) == 2


def test_both_get_everything_when_ours_goes_elsewhere(world: World) -> None:
    ours = Sink()
    try:
        world.run("python", "elsewhere.py", OURS=ours.url, OTEL_SERVICE_NAME="")
        billed = by_provider(world.server)
        for sink in (ours, world.sink):
            assert sink.by_metrics() == sink.by_events() == billed
            assert len(sink.spans()) == 2 * billed.requests
    finally:
        ours.close()


def test_a_sampling_tracer_provider_is_warned_about_and_what_it_keeps_is_counted(world: World) -> None:
    said = world.run("python", "joined.py", "tracer", "sampler", CALLS="40", OTEL_SERVICE_NAME="")
    kept = len([span for span in world.sink.spans() if span.name.startswith("chat")])
    assert "samples (ParentBased{root:TraceIdRatioBased{0.1}" in said
    assert "are in no metric" in said
    assert by_provider(world.server).requests == 40
    assert kept < 40
    assert world.sink.by_metrics().requests == kept
    # Queries are counted by themselves, whatever the sampler keeps.
    assert world.sink.metric("query_requests") == 40


def test_under_opentelemetry_instrument(world: World) -> None:
    environment = {
        # Stands for opentelemetry-distro, which does not install beside the current SDK: its configurator.
        "PYTHONPATH": f"{INSTRUMENTATION}:{APPS}:{APPS / 'distro'}",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    world.run("opentelemetry-instrument", "python", "plain.py", **environment)
    world.assert_exact(calls=1)
    names = Counter(span.name for span in world.sink.spans())
    assert names == {"query plain": 1, "chain answer": 1, "chat gpt-4o-mini": 1}
    assert world.sink.orphans() == []
    lines = Counter(body for body, attributes, _ in world.sink.logs() if "event_name" not in attributes)
    assert lines["looked it up"] == 1


def test_under_opentelemetry_instrument_without_a_distribution(world: World) -> None:
    world.run("opentelemetry-instrument", "python", "plain.py")
    world.assert_exact(calls=1)
    assert len([span for span in world.sink.spans() if span.name.startswith("chat")]) == 1
