"""Real instrumentors of others behind the gate: what is exported is searched byte by byte."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from heliograph.guard import ContentPolicy, capture_hook
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

openai = pytest.importorskip("openai")
official = pytest.importorskip("opentelemetry.instrumentation.genai.openai")

OFFICIAL = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
CANARY = "CANARY-5e81"
KEY = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2"
PROMPT = f"{CANARY} says {KEY} is the key " + "and so on " * 30


class Gate(SpanProcessor):
    """Where the lead's processor and exporter will ask the policy."""

    def __init__(self, policy: ContentPolicy) -> None:
        self.policy = policy
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(self.policy.span(span))


class Application:
    def __init__(self, policy: ContentPolicy) -> None:
        self.policy = policy
        self.gate = Gate(policy)
        self.logs = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        self.reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(self.gate)
        self.loggers = LoggerProvider(shutdown_on_exit=False)
        self.loggers.add_log_record_processor(SimpleLogRecordProcessor(self.logs))
        self.meters = MeterProvider([self.reader], shutdown_on_exit=False)

    def exported(self) -> bytes:
        records = [self.policy.log(each) for each in self.logs.get_finished_logs()]
        metrics = self.reader.get_metrics_data()
        exported: bytes = (
            encode_spans(self.gate.spans).SerializeToString()
            + encode_logs(records).SerializeToString()
            + (encode_metrics(metrics).SerializeToString() if metrics is not None else b"")
        )
        return exported


@pytest.fixture(scope="module")
def server() -> Iterator[LLMServer]:
    with LLMServer(first_token=0.0, per_token=0.0, answer=lambda text: f"You said: {text}") as running:
        yield running


@contextlib.contextmanager
def instrumented(application: Application) -> Iterator[None]:
    instrumentor = official.OpenAIInstrumentor()
    instrumentor.instrument(
        tracer_provider=application.tracers,
        logger_provider=application.loggers,
        meter_provider=application.meters,
        completion_hook=capture_hook(application.policy),
        skip_dep_check=True,
    )
    try:
        yield
    finally:
        instrumentor.uninstrument()


def ask(server: LLMServer) -> None:
    client = openai.OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0)
    messages: Any = [{"role": "system", "content": f"Be brief. {CANARY}"}, {"role": "user", "content": PROMPT}]
    client.chat.completions.create(model="gpt-4o-mini", messages=messages)
    for _ in client.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True):
        pass
    client.responses.create(model="gpt-4o-mini", input=PROMPT)
    client.embeddings.create(model="text-embedding-3-small", input=[PROMPT])
    with pytest.raises(openai.APIError):
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": f"no {KEY}", "content": PROMPT}])


@pytest.mark.parametrize("mode", ["never", "truncated", "full"])
@pytest.mark.parametrize("environment", ["", "span_and_event"])
def test_the_official_openai_instrumentor(
    server: LLMServer, monkeypatch: pytest.MonkeyPatch, mode: Any, environment: str
) -> None:
    monkeypatch.setenv(OFFICIAL, environment)
    application = Application(ContentPolicy(mode, 100))
    with instrumented(application):
        ask(server)
    exported = application.exported()
    assert len(application.gate.spans) == 5
    assert KEY.encode() not in exported
    assert (CANARY.encode() in exported) is (mode != "never")
    assert (b"and so on " * 20 in exported) is (mode == "full")
    if environment:
        assert application.logs.get_finished_logs(), "the instrumentor's events went through the gate, too"


def test_it_is_told_to_capture_without_the_environment(server: LLMServer) -> None:
    assert OFFICIAL not in os.environ
    application = Application(ContentPolicy("full"))
    with instrumented(application):
        ask(server)
    chat, stream, responses, *_ = application.gate.spans
    for span in (chat, stream, responses):
        said = dict(span.attributes or {})
        assert "[API KEY REDACTED] is the key" in str(said["gen_ai.input.messages"])
        assert "You said: CANARY" in str(said["gen_ai.output.messages"])
    assert OFFICIAL not in os.environ


def test_nothing_is_collected_where_nothing_may_leave() -> None:
    assert capture_hook(ContentPolicy()) is None
    assert capture_hook(ContentPolicy("full", places=frozenset({"logs"}))) is None


def test_langsmith(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exporter puts inputs, outputs, metadata and errors onto spans of its own."""
    exporter = pytest.importorskip("langsmith._internal.otel._otel_exporter")
    operations = pytest.importorskip("langsmith._internal._operations")
    import uuid

    for policy, seen in ((ContentPolicy(), False), (ContentPolicy("full"), True)):
        application = Application(policy)
        run_id = uuid.uuid4()
        now = "2026-01-01T00:00:00+00:00"
        run = {
            "id": str(run_id),
            "trace_id": str(run_id),
            "name": "answer",
            "run_type": "llm",
            "start_time": now,
            "end_time": now,
            "inputs": {"messages": [{"role": "user", "content": PROMPT}], "extra_headers": {"x": CANARY}},
            "outputs": {"text": PROMPT},
            "error": f"OutputParserException('{CANARY}')",
            "extra": {"metadata": {"ls_provider": "openai", "api_key": KEY}, "invocation_params": {"tools": [CANARY]}},
        }
        with contextlib.suppress(TypeError):
            monkeypatch.setenv("LANGSMITH_API_KEY", "any")
        made = exporter.OTELExporter(tracer_provider=application.tracers)
        batch = [
            operations.SerializedRunOperation(
                operation="post",
                id=run_id,
                trace_id=run_id,
                _none=operations._dumps_json(run),
                inputs=operations._dumps_json(run["inputs"]),
                outputs=operations._dumps_json(run["outputs"]),
                events=None,
                attachments=None,
            )
        ]
        made.export_batch(batch, {run_id: None})
        assert application.gate.spans
        exported = application.exported()
        assert KEY.encode() not in exported
        assert (CANARY.encode() in exported) is seen
