"""LangSmith tied to a provider of the test's own, in this process; everything is untied afterwards."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from heliograph.genai import _sink
from heliograph.genai._meter import CallMeter
from heliograph.genai._processor import GenAIProcessor
from heliograph.guard import ContentPolicy
from heliograph.integrations._langsmith._hooks import Ties

from ._service import LangSmith

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

INSTRUMENTATION = Path(__file__).parents[4] / "instrumentation"

# Whatever a tie replaces; named here once more, so that a test run leaves langsmith as it found it.
TIED = {
    "langsmith.utils": ("get_env_var",),
    "langsmith.client": (
        "Client.__init__",
        "Client.create_run",
        "Client.update_run",
        "_validate_api_key_if_hosted",
    ),
    "langsmith.async_client": ("AsyncClient.__init__", "AsyncClient.create_run", "AsyncClient.update_run"),
    "langsmith.run_trees": ("RunTree.post", "RunTree.patch"),
    "langsmith.run_helpers": ("_setup_run", "is_async", "trace.__enter__", "trace.__aenter__", "trace.__aexit__"),
}


@dataclass
class Bench:
    """What was exported: spans, and one event for each counted call."""

    provider: TracerProvider
    exporter: InMemorySpanExporter
    logs: Any
    processor: GenAIProcessor
    settings: SimpleNamespace

    @property
    def spans(self) -> list[ReadableSpan]:
        self.processor.force_flush()
        return list(self.exporter.get_finished_spans())

    @property
    def calls(self) -> list[dict[str, Any]]:
        self.processor.force_flush()
        records = [log.log_record for log in self.logs.get_finished_logs()]
        return [dict(record.attributes) for record in records if record.event_name == "llm.call"]

    def span(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def tree(self) -> dict[str, str | None]:
        """Give each span's parent, by name; every name must be there once."""
        spans = self.spans
        assert max(Counter(span.name for span in spans).values()) == 1, sorted(span.name for span in spans)
        names = {span.context.span_id: span.name for span in spans if span.context}
        for span in spans:
            assert span.parent is None or span.parent.span_id in names, f"{span.name} hangs on a span that is none"
        return {span.name: names[span.parent.span_id] if span.parent else None for span in spans}

    def traces(self) -> int:
        return len({span.context.trace_id for span in self.spans if span.context})


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start without variables of LangSmith's, and leave no context behind."""
    for name in list(os.environ):
        if name.startswith(("LANGSMITH_", "LANGCHAIN_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LANGSMITH_CONFIG_FILE", os.devnull)
    token = otel_context.attach(Context())
    yield
    otel_context.detach(token)


@pytest.fixture
def service() -> Iterator[LangSmith]:
    running = LangSmith()
    yield running
    running.close()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, service: LangSmith) -> Iterator[Bench]:
    """Tie langsmith to a provider; its API is the stand-in, so that anything sent would be noticed."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", service.url)
    made = make_bench()
    tie(made, monkeypatch)
    yield made
    assert not service.requests, "without a key, nothing may leave"


def make_bench(*, capture_content: bool = False) -> Bench:
    exporter, logs = InMemorySpanExporter(), InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    loggers = LoggerProvider(shutdown_on_exit=False)
    loggers.add_log_record_processor(SimpleLogRecordProcessor(logs))
    meter = CallMeter(MeterProvider(shutdown_on_exit=False), loggers)
    content = ContentPolicy("full" if capture_content else "never")
    processor = GenAIProcessor(meter, SimpleSpanProcessor(exporter), content=content)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    _sink.install(meter)
    return Bench(provider, exporter, logs, processor, SimpleNamespace(captures_content=capture_content))


def tie(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what importing langsmith does in an application."""
    runtime: Any = SimpleNamespace(tracers=bench.provider, settings=bench.settings)
    for name, paths in TIED.items():
        module = import_module(name)
        for path in paths:
            *owners, last = path.split(".")
            owner = getattr(module, owners[0]) if owners else module
            monkeypatch.setattr(owner, last, owner.__dict__[last])
    ties = Ties(runtime)
    import_module("langsmith.utils").get_env_var.cache_clear()
    import_module("langsmith.utils").get_tracer_project.cache_clear()
    monkeypatch.setattr("langsmith.run_trees._CLIENT", None)
    for name, method in (
        ("utils", ties.variables),
        ("client", ties.client),
        ("async_client", ties.async_client),
        ("run_trees", ties.trees),
        ("run_helpers", ties.helpers),
    ):
        method(import_module(f"langsmith.{name}"))
