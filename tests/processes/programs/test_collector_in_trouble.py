"""Whole programs: what a collector costs them that is gone, silent or refuses, and what is kept for it."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

from tests._ports import free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.telemetry._receiver import Receiver

    Run = Callable[..., tuple[int, str, str]]
    Script = Callable[..., subprocess.Popen[str]]

from ._program import program

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
    status, out, err = run(program(UNREACHABLE), f"http://127.0.0.1:{free_port()}")
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
