"""What an application hands in that OTLP cannot carry: it is sent in other words, and takes nothing else along."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

from heliograph.genai._labels import Labels
from heliograph.genai._text import short
from heliograph.guard import ContentPolicy

POLICIES = [ContentPolicy(), ContentPolicy("full")]
HALF, SHOWN = "a\ud83d", "a\ufffd"
VALUES: list[tuple[str, Any, Any]] = [
    ("half a character", HALF, SHOWN),
    ("the other half", "\udc00!", "\ufffd!"),
    ("a file name that is no UTF-8", b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\ufffd"),
    ("a whole emoji in two halves", "\ud83d\ude00", "\U0001f600"),
    ("an integer of 65 bits", 2**64, str(2**64)),
    ("a negative one", -(2**64), str(-(2**64))),
    ("one that Python does not write", 10**5000, "[an integer of 16610 bits]"),
    ("halves in a list", ["x", HALF], ("x", SHOWN)),
    ("integers in a list", [1, 2**64], (1, str(2**64))),
    ("the largest that fits", 2**63 - 1, 2**63 - 1),
    ("a text like any other", "übermäßig 🌞", "übermäßig 🌞"),
]


@pytest.fixture(params=POLICIES, ids=lambda policy: policy.mode)
def policy(request: pytest.FixtureRequest) -> ContentPolicy:
    chosen: ContentPolicy = request.param
    return chosen


@pytest.fixture
def no_complaints(caplog: pytest.LogCaptureFixture) -> Any:
    """Fail where the SDK writes a traceback into the application's log, as it does for what it cannot encode."""
    with caplog.at_level(logging.ERROR):
        yield
    assert caplog.text == ""


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize(("name", "given", "sent"), VALUES, ids=[name for name, *_ in VALUES])
@pytest.mark.parametrize("key", ["app.note", "gen_ai.request.model", "exception.message"])
def test_attributes(policy: ContentPolicy, name: str, given: Any, sent: Any, key: str) -> None:
    del name
    exported = InMemorySpanExporter()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exported))
    with tracers.get_tracer("application").start_as_current_span("work", attributes={key: given}):
        pass
    (span,) = [policy.span(span) for span in exported.get_finished_spans()]
    assert (span.attributes or {})[key] == sent
    encode_spans([span])


@pytest.mark.usefixtures("no_complaints")
def test_names_of_spans_and_events_and_descriptions_of_failures(policy: ContentPolicy) -> None:
    """A span named after a model whose name was half a character took a batch of 512 along, for five minutes."""
    exported = InMemorySpanExporter()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exported))
    tracer = tracers.get_tracer("application")
    tracer.start_span("good").end()
    span = tracer.start_span(f"chat {HALF}")
    span.add_event(HALF, {"note": HALF})
    span.set_status(Status(StatusCode.ERROR, f"ValueError: bad {HALF}"))
    span.end()
    cleaned = [policy.span(span) for span in exported.get_finished_spans()]
    (resource,) = encode_spans(cleaned).resource_spans
    sent = resource.scope_spans[0].spans
    assert [span.name for span in sent] == ["good", f"chat {SHOWN}"]
    assert [event.name for event in sent[1].events] == [SHOWN]
    assert sent[1].status.message == f"ValueError: bad {SHOWN}"


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("body", [f"read {HALF}", {"text": HALF, "n": 2**64}, [HALF]], ids=["text", "map", "list"])
def test_bodies_of_log_records(policy: ContentPolicy, body: Any) -> None:
    exported = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    loggers = LoggerProvider(shutdown_on_exit=False)
    loggers.add_log_record_processor(SimpleLogRecordProcessor(exported))
    logger = loggers.get_logger("application")
    for each in ("good", body):
        logger.emit(body=each, severity_number=SeverityNumber.INFO, attributes={"user": HALF})
    records: list[ReadableLogRecord] = [policy.log(record) for record in exported.get_finished_logs()]
    (resource,) = encode_logs(records).resource_logs
    sent = resource.scope_logs[0].log_records
    assert len(sent) == 2
    assert SHOWN in str(sent[1].body).encode().decode("unicode_escape").encode("latin-1").decode()
    assert [each.attributes[0].value.string_value for each in sent] == [SHOWN, SHOWN]


def test_labels_and_ids() -> None:
    """A label that cannot be sent is left out of every export, for good: the counter of a model has no model."""
    labels = Labels(lambda _: None)
    assert [labels.model(HALF), labels.model(HALF), labels.tenant("x" * 199 + "\U0001f600")] == [
        SHOWN,
        SHOWN,
        "x" * 199 + "\U0001f600",
    ]
    assert len(labels.model._known) == 1
    assert short(HALF) == SHOWN


def test_a_label_holds_no_credential() -> None:
    """A key that was passed as the tenant went to Prometheus, to the boards and into notifications."""
    labels = Labels(lambda _: None)
    key = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2"
    assert labels.tenant(key) == "[API KEY REDACTED]"
    assert labels.model(f"gpt-4o {key}") == "gpt-4o [API KEY REDACTED]"
    assert labels.chain("token-counting") == "token-counting"
