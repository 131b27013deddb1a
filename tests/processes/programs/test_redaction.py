"""A redact function of the application's that fails costs a value, and the loss is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.telemetry._receiver import Receiver

    Run = Callable[..., tuple[int, str, str]]

PROGRAM = """
import sys
import heliograph
from heliograph.guard import ContentPolicy
from opentelemetry import trace

def redact(text):
    if "poison" in text:
        raise RuntimeError("cannot")
    return text.replace("Smith", "[NAME]")

heliograph.configure("guarded", endpoint=sys.argv[1], capture_content=ContentPolicy("full", redact=redact))
said = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
for text in ("I am Smith", "poison"):
    with trace.get_tracer("t").start_as_current_span("chat", attributes=said) as span:
        message = '[{"role": "user", "parts": [{"type": "text", "content": "%s"}]}]' % text
        span.set_attribute("gen_ai.input.messages", message)
"""


def test_failures_of_redaction_are_counted_and_leak_nothing(run: Run, receiver: Receiver) -> None:
    status, _, err = run(PROGRAM, receiver.url)
    assert status == 0, err
    assert receiver.total("heliograph_redaction_failures") >= 1
    said = [str(span.attributes.get("gen_ai.input.messages", "")) for span in receiver.spans]
    assert any("[NAME]" in text for text in said)
    assert not any("Smith" in text or "poison" in text for text in said)
    assert "poison" not in err


def test_a_forked_child_reports_its_own_failures_only(run: Run, receiver: Receiver) -> None:
    forking = """
heliograph.flush()
import os
child = os.fork()
if child == 0:
    with trace.get_tracer("t").start_as_current_span("child", attributes=said) as span:
        span.set_attribute("gen_ai.input.messages", message)
    heliograph.shutdown()
    os._exit(0)
os.waitpid(child, 0)
"""
    status, _, err = run(PROGRAM + forking, receiver.url)
    assert status == 0, err
    points = receiver.newest("heliograph_redaction_failures")
    assert len({point.instance for point in points}) == 2
    assert len({point.value for point in points}) == 1, "one poisoned message each"


def test_without_failures_there_is_no_such_metric(run: Run, receiver: Receiver) -> None:
    status, _, err = run(PROGRAM.replace(', "poison")', ",)"), receiver.url)
    assert status == 0, err
    assert receiver.newest("heliograph_redaction_failures") == []
