from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.errors import HeliographError
from heliograph.stack import _supervisor
from heliograph.stack._launch import halt, set_stopped, wait_ready
from heliograph.stack._observe import observe, running_supervisor
from heliograph.stack._plan import PLAN, STATE, Plan, ServerState, SupervisorState, write_plan, write_state
from heliograph.stack._process import Identity, identify, is_alive, send_signal
from heliograph.stack._sync_writes import VARIABLE, power_note

if TYPE_CHECKING:
    from pathlib import Path

Soon = Callable[..., None]
Fakes = Any  # tests/unit/stack/conftest.py

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")


# --- starting and stopping --------------------------------------------------------------------------------------


def test_servers_start_in_the_order_of_the_plan_and_are_ready(fakes: Fakes) -> None:
    told = fakes.launch(fakes.server("store"), fakes.server("intake", stop_rank=0))
    state = running_supervisor(fakes.workspace)
    assert state is not None
    assert state.servers["store"].started_at < state.servers["intake"].started_at
    assert sorted(line.split(":")[0] for line in told) == ["intake", "store"]
    assert [(status.name, status.state, status.ready) for status in observe(fakes.workspace)] == [
        ("store", "ready", True),
        ("intake", "ready", True),
    ]


def test_the_folder_of_a_server_that_never_syncs_is_written_through_before_it_starts(
    fakes: Fakes, tmp_path: Path
) -> None:
    server = replace(fakes.server("store"), env={VARIABLE: "true"}, cwd=str(tmp_path))
    fakes.launch(server)
    # Where the file system cannot, the server's log says so.
    assert power_note(Plan((server,))) == "" or "is not written through" in fakes.workspace.log("store").read_text()


def test_the_intake_stops_before_the_stores(fakes: Fakes) -> None:
    fakes.launch(fakes.server("one"), fakes.server("two"), fakes.server("way_in", stop_rank=0))
    assert halt(fakes.workspace, timeout=5.0)
    assert fakes.entries("stop")[0] == "way_in"
    assert sorted(fakes.entries("stop")) == ["one", "two", "way_in"]
    assert fakes.processes() == []
    assert observe(fakes.workspace) == []


def test_stopping_what_does_not_run_says_so(fakes: Fakes) -> None:
    assert not halt(fakes.workspace, timeout=1.0)


def test_a_server_that_ignores_sigterm_is_killed_after_its_time(fakes: Fakes) -> None:
    fakes.launch(fakes.server("deaf", stubborn=1, stop_seconds=0.3))
    deaf = fakes.identity("deaf")
    began = time.monotonic()
    halt(fakes.workspace, timeout=5.0)
    assert time.monotonic() - began < 3.0
    assert not is_alive(deaf)


def test_halt_is_bounded_even_when_the_supervisor_hangs(fakes: Fakes) -> None:
    fakes.launch(fakes.server("store"))
    store, supervisor = fakes.identity("store"), fakes.supervisor()
    send_signal(supervisor, signal.SIGSTOP)
    began = time.monotonic()
    halt(fakes.workspace, timeout=0.5)
    assert time.monotonic() - began < 5.0
    assert not is_alive(store)
    assert not is_alive(supervisor)


# --- failing to start -------------------------------------------------------------------------------------------


def test_a_server_that_dies_at_start_is_named_with_its_last_log_lines_and_nothing_stays(
    fakes: Fakes, soon: Soon
) -> None:
    good = fakes.server("good")
    with pytest.raises(HeliographError) as caught:
        fakes.launch(good, fakes.server("bad", dies=7))
    assert caught.value.what == "bad ended while starting (exit status 7)."
    assert "bad finds no bread" in caught.value.why
    assert str(fakes.workspace.log("bad")) in caught.value.hint
    soon(lambda: "good" in fakes.entries("stop"))
    assert fakes.processes() == []
    assert not (fakes.workspace.root / STATE).exists()


def test_the_quoted_lines_are_of_this_start_only(fakes: Fakes) -> None:
    log = fakes.workspace.log("bad")
    log.parent.mkdir(parents=True)
    log.write_text("yesterday's trouble\n")
    with pytest.raises(HeliographError) as caught:
        fakes.launch(fakes.server("bad", dies=1))
    assert "yesterday" not in caught.value.why


def test_a_server_that_is_too_slow_is_named_and_nothing_stays(fakes: Fakes) -> None:
    with pytest.raises(HeliographError, match=r"Not ready within 0\.5 s: snail"):
        fakes.launch(fakes.server("hare"), fakes.server("snail", slow=30), timeout=0.5)
    assert fakes.processes() == []


def test_a_program_that_does_not_exist_is_named(fakes: Fakes) -> None:
    missing = replace(fakes.server("ghost"), argv=("/nowhere/ghost",))
    with pytest.raises(HeliographError) as caught:
        fakes.launch(missing)
    assert "ghost ended while starting" in caught.value.what
    assert "/nowhere/ghost" in caught.value.why


# --- watching ---------------------------------------------------------------------------------------------------


def test_what_dies_is_started_again(fakes: Fakes, soon: Soon) -> None:
    fakes.launch(fakes.server("mortal"), fakes.server("steady"))
    first, steady = fakes.identity("mortal"), fakes.identity("steady")
    os.kill(first.pid, signal.SIGKILL)
    soon(lambda: {status.name: status.restarts for status in observe(fakes.workspace)} == {"mortal": 1, "steady": 0})
    wait_ready(fakes.workspace, timeout=5.0)
    assert fakes.identity("mortal") != first
    assert fakes.identity("steady") == steady


# In these two the supervisor is this very process: its state must not lie where the fixture's `halt` reads it.


def test_pauses_between_restarts_grow(fakes: Fakes, tmp_path: Path) -> None:
    plan = Plan(servers=(fakes.server("bad"),))
    supervisor = _supervisor.Supervisor(tmp_path / "elsewhere", plan, clock=lambda: 1000.0)
    pauses = []
    for _ in range(8):
        supervisor._died("bad", "exit status 1")
        pauses.append(supervisor._due["bad"] - 1000.0)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_what_was_killed_did_not_fail_by_itself_and_is_back_soon(fakes: Fakes, tmp_path: Path) -> None:
    plan = Plan(servers=(fakes.server("victim"),))
    supervisor = _supervisor.Supervisor(tmp_path / "elsewhere", plan, clock=lambda: 1000.0)
    pauses = []
    for code in (-9, -9, -9, -9, -15, 1, -9):
        supervisor._children["victim"] = SimpleNamespace(poll=lambda said=code: said)  # type: ignore[assignment]
        supervisor._reap()
        pauses.append(supervisor._due["victim"] - 1000.0)
    assert pauses == [0.5, 1, 1, 1, 2, 4, 1]


def test_a_steady_minute_forgives_earlier_deaths(fakes: Fakes, tmp_path: Path) -> None:
    clock = [1000.0]
    plan = Plan(servers=(fakes.server("bad"),))
    supervisor = _supervisor.Supervisor(tmp_path / "elsewhere", plan, clock=lambda: clock[0])
    for _ in range(5):
        supervisor._died("bad", "exit status 1")
    supervisor._started["bad"] = clock[0]
    clock[0] += 61.0
    supervisor._died("bad", "exit status 1")
    assert supervisor._due["bad"] - clock[0] == 0.5


@linux
def test_killing_the_supervisor_leaves_no_orphans(fakes: Fakes, soon: Soon) -> None:
    fakes.launch(fakes.server("one"), fakes.server("two"))
    children = [fakes.identity("one"), fakes.identity("two")]
    os.kill(fakes.supervisor().pid, signal.SIGKILL)
    soon(lambda: not any(is_alive(child) for child in children))
    assert observe(fakes.workspace) == []


def test_single_servers_stop_and_start_on_request(fakes: Fakes) -> None:
    fakes.launch(fakes.server("one"), fakes.server("two"))
    set_stopped(fakes.workspace, ["one"], timeout=5.0)
    assert {status.name: status.state for status in observe(fakes.workspace)} == {"one": "stopped", "two": "ready"}
    wait_ready(fakes.workspace, timeout=5.0)  # who is stopped on request is not waited for
    set_stopped(fakes.workspace, [], timeout=5.0)
    wait_ready(fakes.workspace, timeout=5.0)
    assert {status.name: status.state for status in observe(fakes.workspace)} == {"one": "ready", "two": "ready"}


def test_a_second_supervisor_does_not_touch_the_first(fakes: Fakes) -> None:
    fakes.launch(fakes.server("one"))
    before = fakes.processes()
    second = subprocess.run(
        [sys.executable, "-m", "heliograph.stack._supervisor", str(fakes.workspace.root)],
        capture_output=True,
        check=False,
        timeout=10,
    )
    assert second.returncode == 3
    assert fakes.processes() == before


def test_a_log_is_cut_and_one_older_piece_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_supervisor, "_LOG_BYTES", 100)
    log = tmp_path / "one.log"
    with log.open("a") as writer:  # as a server holds it
        writer.write("x" * 150 + "\n")
        writer.flush()
        _supervisor._bound_log(log)
        writer.write("after\n")
    assert log.read_text() == "after\n"
    assert (tmp_path / "one.log.1").read_text() == "x" * 150 + "\n"


# --- what is left of an earlier life ----------------------------------------------------------------------------


@pytest.fixture
def bystander() -> Any:
    """Start a process that is none of ours."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def _leave_stale_state(fakes: Fakes, pid: int) -> None:
    """Write what a crash or a reboot leaves: the numbers of processes that are somebody else's by now."""
    stale = Identity(pid, "another boot/123")
    write_plan(fakes.workspace.root / PLAN, Plan(servers=(fakes.server("one"),)))
    state = SupervisorState(stale, {"one": ServerState("running", stale, time.time(), 0, "")})
    write_state(fakes.workspace.root / STATE, state)


def test_a_stale_state_means_not_running_and_nobody_is_hit(fakes: Fakes, bystander: subprocess.Popen[bytes]) -> None:
    _leave_stale_state(fakes, bystander.pid)
    assert running_supervisor(fakes.workspace) is None
    assert observe(fakes.workspace) == []
    assert not halt(fakes.workspace, timeout=1.0)
    assert bystander.poll() is None


def test_a_stale_state_does_not_hinder_a_start(fakes: Fakes, bystander: subprocess.Popen[bytes]) -> None:
    _leave_stale_state(fakes, bystander.pid)
    fakes.launch(fakes.server("one"))
    assert [status.ready for status in observe(fakes.workspace)] == [True]
    assert bystander.poll() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"servers": 1}', '{"identity": {}, "servers": {}}'])
def test_a_torn_state_file_counts_as_none(fakes: Fakes, content: str) -> None:
    (fakes.workspace.root / STATE).write_text(content)
    (fakes.workspace.root / PLAN).write_text(content)
    assert observe(fakes.workspace) == []
    assert not halt(fakes.workspace, timeout=1.0)


def test_only_the_very_process_is_signalled(bystander: subprocess.Popen[bytes]) -> None:
    real = identify(bystander.pid)
    assert real is not None
    assert not send_signal(Identity(real.pid, real.birth + "0"), signal.SIGKILL)
    assert bystander.poll() is None
    assert send_signal(real, signal.SIGKILL)
    assert bystander.wait(5) == -signal.SIGKILL


def test_a_zombie_is_no_process(bystander: subprocess.Popen[bytes], soon: Soon) -> None:
    real = identify(bystander.pid)
    bystander.kill()
    soon(lambda: not is_alive(real))
    assert bystander.returncode is None  # not waited for: it is a zombie still


def test_servers_do_not_see_the_secrets_of_the_shell(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere")
    fakes.launch(fakes.server("teller", tells=1))
    seen = fakes.workspace.log("teller").read_text()
    assert "PATH" in seen
    assert "OPENAI" not in seen
    assert "OTEL" not in seen
    assert all("planted" not in path.read_text() for path in fakes.workspace.root.glob("*.json"))
