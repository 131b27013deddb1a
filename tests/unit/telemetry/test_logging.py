"""Records of `logging` and structlog: as OTLP, and as JSON lines."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from heliograph.telemetry import JsonFormatter, add_trace_context, log_json
from heliograph.telemetry._bridge import LogBridge
from heliograph.telemetry._health import delivering

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def exported() -> Iterator[Any]:
    """Give a function for what the bridge has emitted so far."""
    memory = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(memory))
    bridge = LogBridge(provider)
    bridge.attach()
    yield lambda: [each.log_record for each in memory.get_finished_logs()]
    bridge.detach()


@pytest.fixture
def app() -> Iterator[logging.Logger]:
    logger = logging.getLogger("app")
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


@pytest.fixture
def tracer() -> trace.Tracer:
    return TracerProvider(shutdown_on_exit=False).get_tracer("test")


def test_a_record_has_its_trace_its_severity_and_its_extras(
    exported: Any, app: logging.Logger, tracer: trace.Tracer
) -> None:
    with tracer.start_as_current_span("work") as span:
        app.warning("shelf %d", 7, extra={"shelf": 7, "what": ["a"]})
    (record,) = exported()
    assert (record.body, record.severity_text) == ("shelf 7", "WARN")
    assert (record.trace_id, record.span_id) == (span.get_span_context().trace_id, span.get_span_context().span_id)
    assert dict(record.attributes) == {"shelf": 7, "what": "['a']"}


def test_an_exception_is_in_the_record(exported: Any, app: logging.Logger) -> None:
    try:
        json.loads("{}")["k"]
    except KeyError:
        app.exception("failed")
    (record,) = exported()
    assert record.attributes["exception.type"] == "KeyError"
    assert "Traceback" in record.attributes["exception.stacktrace"]


def test_levels_and_handlers_stay_the_applications(exported: Any, app: logging.Logger) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    app.setLevel(logging.WARNING)
    app.info("quiet")
    assert exported() == []
    assert root.handlers == before


def test_a_later_configuration_of_logging_changes_nothing(exported: Any) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        logging.config.dictConfig(
            {"version": 1, "disable_existing_loggers": False, "root": {"level": "INFO", "handlers": []}}
        )
        logging.getLogger("elsewhere").info("still here")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert [record.body for record in exported()] == ["still here"]


def test_loggers_that_do_not_propagate_are_seen_too(exported: Any, app: logging.Logger) -> None:
    app.propagate = False
    app.info("uvicorn does this")
    assert len(exported()) == 1


def test_what_is_logged_while_sending_is_not_sent(exported: Any, app: logging.Logger) -> None:
    with delivering():
        app.error("Failed to export")
    app.error("another")
    assert [record.body for record in exported()] == ["another"]


def test_logging_while_emitting_does_not_recurse(app: logging.Logger) -> None:
    class Chatty(SimpleLogRecordProcessor):
        def on_emit(self, log_record: Any) -> None:
            app.error("about %s", log_record)
            super().on_emit(log_record)

    memory = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(Chatty(memory))
    bridge = LogBridge(provider)
    bridge.attach()
    try:
        app.error("once")
    finally:
        bridge.detach()
    assert len(memory.get_finished_logs()) == 1


def test_a_record_that_cannot_be_rendered_breaks_nothing(exported: Any, app: logging.Logger) -> None:
    app.propagate = False
    app.info("%d", "no number")
    app.info("fine")
    assert [record.body for record in exported()] == ["fine"]


def test_structlog_through_the_standard_library(exported: Any, tracer: trace.Tracer) -> None:
    structlog.configure(
        processors=[add_trace_context, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    try:
        with tracer.start_as_current_span("work") as span:
            structlog.get_logger("app").warning("looked", shelf=7)
    finally:
        structlog.reset_defaults()
    (record,) = exported()
    assert (record.body, record.attributes["shelf"]) == ("looked", 7)
    assert record.trace_id == span.get_span_context().trace_id


def test_the_structlog_processor_adds_ids_within_a_span_only(tracer: trace.Tracer) -> None:
    assert add_trace_context(None, "info", {"event": "x"}) == {"event": "x"}
    with tracer.start_as_current_span("work") as span:
        said = add_trace_context(None, "info", {"event": "x"})
    assert said["trace_id"] == trace.format_trace_id(span.get_span_context().trace_id)
    assert said["span_id"] == trace.format_span_id(span.get_span_context().span_id)


def test_json_lines_have_ids_on_every_line(app: logging.Logger, tracer: trace.Tracer) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    app.addHandler(handler)
    try:
        app.info("outside")
        with tracer.start_as_current_span("work") as span:
            app.info('say "%s"', "ü\n", extra={"shelf": object})
        try:
            json.loads("{}")["k"]
        except KeyError:
            app.exception("failed")
    finally:
        app.removeHandler(handler)
    outside, within, failed = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (outside["trace_id"], outside["span_id"]) == ("", "")
    assert within["trace_id"] == trace.format_trace_id(span.get_span_context().trace_id)
    assert (within["message"], within["level"], within["logger"]) == ('say "ü\n"', "INFO", "app")
    assert "shelf" in within
    assert "KeyError" in failed["exception"]


def test_json_logging_is_one_call_and_no_line_comes_twice() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        for _ in range(2):
            log_json(logging.INFO, stream)
        logging.getLogger("app").info("once")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["message"] == "once"
