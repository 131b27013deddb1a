"""Whole programs: what a collector has received once they have ended, however they ended."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from heliograph.testing import LLMServer

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.telemetry._receiver import Receiver

    Run = Callable[..., tuple[int, str, str]]
    Script = Callable[..., subprocess.Popen[str]]

from ._program import COST, program


def test_two_one_shot_programs_are_counted_in_full(run: Run, receiver: Receiver) -> None:
    code = program("""
        heliograph.configure("shot", service_version="1.2", environment="test", endpoint=sys.argv[1])
        with heliograph.query("answer", session_id="s"):
            call()
            logging.getLogger("app").warning("looked at %s", "this", extra={"shelf": 7})
    """)
    before = time.time_ns()
    for _ in range(2):
        assert run(code, receiver.url)[0] == 0
    assert receiver.total("llm_requests") == 2
    assert receiver.total("llm_cost") == pytest.approx(2 * COST)
    assert receiver.total("query_requests", status="success") == 2
    # A counter that starts at 1 counts only if the time at which it was 0 is known.
    assert all(before < point.start < time.time_ns() for point in receiver.newest("llm_cost"))
    instances = {point.instance for point in receiver.newest("llm_cost")}
    assert len(instances) == 2
    assert len(receiver.newest("heliograph_clean_exit")) == 2
    for exit_, beat in zip(
        receiver.newest("heliograph_clean_exit"), receiver.newest("heliograph_heartbeat"), strict=True
    ):
        assert beat.value <= exit_.value <= time.time()
    assert sorted(span.name for span in receiver.spans) == ["chat", "chat", "query answer", "query answer"]
    said = receiver.spans[0].resource
    assert (said["service.name"], said["service.version"], said["deployment.environment.name"]) == (
        "shot",
        "1.2",
        "test",
    )
    (line, _) = [log for log in receiver.logs if log.scope == "app"]
    assert (line.body, line.severity, line.attributes["shelf"]) == ("looked at this", "WARN", 7)
    assert line.trace_id in {span.trace_id for span in receiver.spans}
    assert [log.event for log in receiver.logs if log.event] == ["llm.call", "query.finished"] * 2


def test_an_unhandled_exception_loses_nothing_and_is_no_clean_exit(run: Run, receiver: Receiver) -> None:
    status, _, err = run(
        program("""
        heliograph.configure("crash", endpoint=sys.argv[1])
        with heliograph.query("answer"):
            call()
            raise RuntimeError("boom")
        """),
        receiver.url,
    )
    assert status == 1
    assert "RuntimeError: boom" in err
    assert receiver.total("query_requests", status="error", error_type="RuntimeError") == 1
    assert receiver.newest("heliograph_heartbeat")
    assert receiver.newest("heliograph_clean_exit") == []


def _wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(process.stderr.read() if process.stderr else "ended")


def test_sigterm_loses_nothing_and_still_ends_the_process(script: Script, receiver: Receiver) -> None:
    process = script(
        program("""
        heliograph.configure("term", endpoint=sys.argv[1])
        call()
        print("ready", flush=True)
        time.sleep(60)
        """),
        receiver.url,
    )
    _wait_for_line(process, "ready")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGTERM
    assert receiver.total("llm_requests") == 1
    assert len(receiver.newest("heliograph_clean_exit")) == 1


STREAM_LEFT = """
import heliograph, openai, sys
heliograph.configure("left", endpoint=sys.argv[1])
client = openai.OpenAI()
stream = client.chat.completions.create(
    model="gpt-4o-mini", messages=[{"role": "user", "content": "What does a heliograph do?"}], stream=True
)
for chunk in stream:
    break  # and the stream is kept: somebody might read on
heliograph.shutdown()
"""


def test_a_stream_that_is_left_is_counted_at_shutdown(run: Run, receiver: Receiver) -> None:
    with LLMServer(first_token=0, per_token=0.01) as server:
        status, _, err = run(STREAM_LEFT, receiver.url, OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="any")
    assert status == 0, err
    assert receiver.total("llm_requests") == receiver.total("llm_requests", status="cancelled") == 1


def test_a_users_sigterm_handler_stays(script: Script, receiver: Receiver) -> None:
    process = script(
        program("""
        def mine(number, frame):
            print("mine", flush=True)
            sys.exit(7)
        signal.signal(signal.SIGTERM, mine)
        heliograph.configure("term", endpoint=sys.argv[1])
        call()
        print("ready", flush=True)
        time.sleep(60)
        """),
        receiver.url,
    )
    _wait_for_line(process, "ready")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out.strip()) == (7, "mine")
    assert receiver.total("llm_requests") == 1


def test_forked_children_count_for_themselves(run: Run, receiver: Receiver) -> None:
    status, _, err = run(
        program("""
        import multiprocessing
        heliograph.configure("fork", endpoint=sys.argv[1])
        call(); call()
        assert heliograph.flush()  # so that a connection is open, which the children must not use
        child = os.fork()
        if child == 0:
            call()
            sys.exit(0)
        os.waitpid(child, 0)
        context = multiprocessing.get_context("fork")
        worker = context.Process(target=call)
        worker.start(); worker.join()
        call()
        """),
        receiver.url,
    )
    assert status == 0, err
    by_instance = {point.instance: point.value for point in receiver.newest("llm_requests")}
    assert sorted(by_instance.values()) == [1, 1, 3]
    assert len([span for span in receiver.spans if span.name == "chat"]) == 5
    assert len({span.resource["service.instance.id"] for span in receiver.spans}) == 3
    assert len([log for log in receiver.logs if log.event == "llm.call"]) == 5


def test_a_child_that_is_forked_within_a_batch_tells_nothing_of_it(run: Run, receiver: Receiver) -> None:
    status, _, err = run(
        program("""
        from heliograph.telemetry import _api
        heliograph.configure("fork", endpoint=sys.argv[1])
        line = _api._runtime.line
        tell, line.finish = line.finish, None  # the batch goes on
        call()
        line.settle()
        child = os.fork()
        line.finish = tell
        if child == 0:
            call()
            sys.exit(0)
        os.waitpid(child, 0)
        """),
        receiver.url,
    )
    assert status == 0, err
    assert [point.value for point in receiver.newest("llm_requests")] == [1, 1]


@pytest.mark.parametrize(("spool", "seconds"), [(None, 0.1), ("spool", 0.02)])
def test_what_has_ended_is_soon_in_the_spool(
    run: Run, receiver: Receiver, tmp_path: Path, spool: str | None, seconds: float
) -> None:
    """What is not there yet is lost by `kill -9`; without a spool only the processor's time counts."""
    status, out, err = run(
        program("""
        from heliograph.telemetry import _api
        heliograph.configure("prompt", endpoint=sys.argv[1], spool=sys.argv[2] or None)
        print(_api._runtime.line._pause)
        """),
        receiver.url,
        str(tmp_path / spool) if spool else "",
    )
    assert (status, out.strip()) == (0, str(seconds)), err


def test_metrics_are_pushed_while_the_process_runs(script: Script, receiver: Receiver) -> None:
    process = script(
        program("""
        heliograph.configure("live", endpoint=sys.argv[1], metric_interval=60)
        call()
        time.sleep(60)
        """),
        receiver.url,
        OTEL_METRIC_EXPORT_INTERVAL="200",
    )
    try:
        assert receiver.wait(lambda: receiver.total("llm_requests") == 1)
        assert receiver.wait(lambda: len(receiver.collections) > 3)
        assert receiver.wait(lambda: len(receiver.spans) == 1)
    finally:
        process.kill()
        process.communicate()
