"""Whole programs: what a collector has received once they have ended, however they ended."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.testing import LLMServer

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.telemetry._receiver import Receiver

    Run = Callable[..., tuple[int, str, str]]
    Script = Callable[..., subprocess.Popen[str]]

# A program's own part follows; `call()` makes one call's span, of 0.00021 USD, as an instrumentor does.
PROGRAM = """
import heliograph, logging, os, signal, sys, time
from opentelemetry import trace

def call():
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
                  "gen_ai.request.model": "gpt-4o-mini"}
    with trace.get_tracer("test").start_as_current_span("chat", attributes=attributes) as span:
        span.set_attributes({"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100})
"""
COST = 0.00021


def program(body: str) -> str:
    import textwrap

    return PROGRAM + textwrap.dedent(body)


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


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


UNREACHABLE = """
    import resource
    heliograph.configure("alone", endpoint=sys.argv[1], metric_interval=0.1)
    call()
    started = time.perf_counter()
    for _ in range(1000):
        call()
    print("micros", (time.perf_counter() - started) / 1000 * 1e6)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(12000):
        with trace.get_tracer("test").start_as_current_span("s"):
            pass
    print("grown", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    time.sleep(0.3)
"""


def test_nobody_listening_costs_neither_speed_nor_memory_nor_a_flood_of_warnings(run: Run) -> None:
    started = time.monotonic()
    status, out, err = run(program(UNREACHABLE), f"http://127.0.0.1:{_closed_port()}")
    assert status == 0
    said = dict(line.split() for line in out.splitlines())
    # Measured about 300 on an idle core; a connection attempt in the caller's way would take far longer.
    assert float(said["micros"]) < 3000
    # The queue holds 8 192 spans of about 2 kB; the other thousands must go (kB).
    assert float(said["grown"]) < 60_000
    warnings = [line for line in err.splitlines() if "deliver" in line or "export" in line.lower()]
    assert len(warnings) == 1, err
    assert "Connection refused" in warnings[0]
    assert time.monotonic() - started < 20


def test_a_collector_that_never_answers_holds_up_the_end_no_longer_than_allowed(run: Run) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        status, out, _ = run(
            program("""
            started = time.perf_counter()
            heliograph.configure("alone", endpoint=sys.argv[1])
            call()
            print(time.perf_counter() - started, time.time())
            """),
            f"http://127.0.0.1:{silent.getsockname()[1]}",
            HELIOGRAPH_EXIT_TIMEOUT="1",
        )
    assert status == 0
    worked, ended = map(float, out.split())
    assert worked < 3
    assert time.time() - ended < 4, "one second, and what an interpreter needs to end on a busy machine; a request: 10"


def test_a_collector_that_comes_back_gets_what_was_kept(run: Run, receiver: Receiver) -> None:
    receiver.refuse_first = 4
    status, _, err = run(
        program("""
        heliograph.configure("patient", endpoint=sys.argv[1], metric_interval=60)
        call()
        for _ in range(30):
            if heliograph.flush(0.2):
                break
            time.sleep(0.05)
        """),
        receiver.url,
    )
    assert status == 0
    assert len(receiver.spans) == 1
    assert [log.event for log in receiver.logs if log.event] == ["llm.call"]
    assert receiver.total("llm_requests") == 1
    failed, recovered = err.splitlines()
    assert "HTTP 503" in failed
    assert "again" in recovered


SPOOLED = """
    heliograph.configure("spooled", endpoint=sys.argv[1], spool=sys.argv[2])
    with trace.get_tracer("test").start_as_current_span("chat", attributes={
        "gen_ai.operation.name": "chat", "gen_ai.input.messages": '[{"content": "PLANTED-PROMPT"}]',
        "http.request.header.authorization": "Bearer PLANTED-TOKEN-1234567890", "db.connection_string":
        "postgresql://u:PLANTED-PASSWORD@h/d",
    }):
        logging.getLogger("app").warning("calling with sk-proj-PLANTED1b2C3d4E5f6G7h8I9j0K1l2")
    time.sleep(1.5)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_must_not_leave_is_not_in_the_spool_either(run: Run, receiver: Receiver, tmp_path: Path) -> None:
    receiver.status = 503
    status, _, _ = run(program(SPOOLED), receiver.url, str(tmp_path / "spool"))
    assert status == -signal.SIGKILL
    files = [path for path in (tmp_path / "spool").rglob("*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files)
    assert b"calling with" in kept
    assert b"chat" in kept
    assert b"llm_requests" in kept
    assert b"PLANTED" not in kept


def test_a_spool_that_cannot_be_written_costs_nothing(run: Run, receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    status, _, err = run(
        program("""
        heliograph.configure("spooled", endpoint=sys.argv[1])
        call()
        """),
        receiver.url,
        HELIOGRAPH_SPOOL=str(tmp_path / "file"),
    )
    assert status == 0
    assert err.count("cannot be written") == 1
    assert len(receiver.spans) == 1
    assert receiver.total("llm_requests") == 1


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
