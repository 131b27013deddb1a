"""Start and stop a planned set of servers through a detached supervisor.

This layer knows processes and files only: no ports, no configuration (`_stack.py` makes the plan). Everything it does
is bounded in time, and whatever it started is stopped when a start fails or is interrupted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError
from heliograph.stack._observe import last_lines, running_supervisor
from heliograph.stack._plan import CONTROL, PLAN, STATE, read_plan, read_state, write_json, write_plan
from heliograph.stack._probe import which_answer
from heliograph.stack._process import Identity, is_alive, send_signal, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from heliograph.stack._plan import Plan, SupervisorState
    from heliograph.stack._workspace import Workspace

    Progress = Callable[[str], None]
    """Called with what just happened: "loki: ready after 1.9 s"."""

__all__ = ["halt", "launch", "set_stopped", "wait_ready"]

_TURN = 0.1  # seconds between two looks while starting
_QUOTED_LINES = 12
_DEATHS_ALLOWED = 1  # a first death while starting may be chance; a second one is a reason to tell

# What the servers may see of the user's environment: no API keys, no OTEL_* of the shell that happened to start them.
_INHERITED = frozenset({
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "USER", "XDG_RUNTIME_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_DIR", "SSL_CERT_FILE",
    "AWS_PROFILE", "AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE", "GOGC", "GOMAXPROCS",
    "HELIOGRAPH_CACHE", "HELIOGRAPH_STATE",
})  # fmt: skip


@dataclass
class _Start:
    """One attempt to start: what the waiting needs to know of its beginning."""

    time: float
    """Monotonic, seconds."""
    log_sizes: dict[str, int] = field(default_factory=dict)
    """Bytes already in each log: an error quotes only what came after."""
    supervisor: subprocess.Popen[bytes] | None = None


def launch(workspace: Workspace, plan: Plan, *, timeout: float, progress: Progress | None = None) -> None:
    """Start the supervisor with this plan and wait until every server is ready.

    Raises HeliographError naming the server that failed, with its last log lines; nothing is left running then, nor
    when the wait is interrupted.
    """
    root = workspace.root
    (root / STATE).unlink(missing_ok=True)
    (root / CONTROL).unlink(missing_ok=True)
    write_plan(root / PLAN, plan)
    log = workspace.log("supervisor")
    log.parent.mkdir(parents=True, exist_ok=True)
    start = _Start(time.monotonic(), {name: _size(workspace.log(name)) for name in ("supervisor", *plan.names)})
    with log.open("ab") as output:
        start.supervisor = subprocess.Popen(
            [sys.executable, "-P", "-m", "heliograph.stack._supervisor", str(root)],
            cwd=root,
            env={key: value for key, value in os.environ.items() if key in _INHERITED},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
        )
    try:
        wait_ready(workspace, timeout=timeout, progress=progress, start=start)
    except BaseException:
        start.supervisor.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            start.supervisor.wait(30)
        halt(workspace, timeout=5)
        raise


def wait_ready(
    workspace: Workspace, *, timeout: float, progress: Progress | None = None, start: _Start | None = None
) -> None:
    """Wait until every planned server answers; raises HeliographError after `timeout` seconds or at a death.

    Without `start` - the stack was running before - servers that are stopped on request are not waited for, and one
    that dies is given the time to come back.
    """
    plan = read_plan(workspace.root / PLAN)
    if plan is None:
        raise HeliographError("The stack was never started here.", hint="heliograph up")
    begun = start.time if start else time.monotonic()
    waiting = {server.name: server.ready_url for server in plan.servers}
    while True:
        state = read_state(workspace.root / STATE)
        if start:
            _raise_if_dead(workspace, start, state, waiting)
        phases = {name: server.phase for name, server in state.servers.items()} if state else {}
        ready = which_answer(
            {name: url for name, url in waiting.items() if phases.get(name) == "running"}, secrets=plan.secrets
        )
        for name in sorted(ready):
            if progress:
                progress(f"{name}: ready after {time.monotonic() - begun:.1f} s")
        idle = set() if start else {name for name, phase in phases.items() if phase == "stopped"}
        waiting = {name: url for name, url in waiting.items() if name not in ready | idle}
        if not waiting:
            return
        if time.monotonic() - begun > timeout:
            late = ", ".join(waiting)
            raise _error(workspace, next(iter(waiting)), f"Not ready within {timeout:g} s: {late}", start)
        time.sleep(_TURN)


def _raise_if_dead(workspace: Workspace, start: _Start, state: SupervisorState | None, waiting: Iterable[str]) -> None:
    if start.supervisor is not None and start.supervisor.poll() is not None:
        raise _error(workspace, "supervisor", "The supervisor ended while starting", start)
    if state is None:
        return
    for name in waiting:
        server = state.servers[name]
        if server.restarts > _DEATHS_ALLOWED:
            raise _error(workspace, name, f"{name} ended while starting ({server.last_exit})", start)


def halt(workspace: Workspace, *, timeout: float, progress: Progress | None = None) -> bool:
    """Stop everything that the state file names and that is still the same process; return whether anything ran."""
    state = read_state(workspace.root / STATE)
    if state is None:
        return False
    ran = is_alive(state.identity)
    if ran:
        send_signal(state.identity, signal.SIGTERM)
        _follow(workspace, state.identity, timeout, progress)
        if is_alive(state.identity):
            state = read_state(workspace.root / STATE) or state
            send_signal(state.identity, signal.SIGKILL)
    # On Linux the kernel has taken the children along by now; elsewhere, or after a crash, they may still be there.
    left = [server.identity for server in state.servers.values() if is_alive(server.identity)]
    stop([identity for identity in left if identity is not None], timeout=min(timeout, 10.0))
    (workspace.root / STATE).unlink(missing_ok=True)
    return ran or bool(left)


def _follow(workspace: Workspace, supervisor: Identity, timeout: float, progress: Progress | None) -> None:
    told: set[str] = set()
    deadline = time.monotonic() + timeout
    while is_alive(supervisor) and time.monotonic() < deadline:
        told |= _tell_stopped(workspace, told, progress)
        time.sleep(_TURN)
    _tell_stopped(workspace, told, progress)


def _tell_stopped(workspace: Workspace, told: set[str], progress: Progress | None) -> set[str]:
    state = read_state(workspace.root / STATE)
    fresh = {name for name, server in state.servers.items() if server.phase == "stopped"} - told if state else set()
    for name in sorted(fresh):
        if progress:
            progress(f"{name}: stopped")
    return fresh


def set_stopped(workspace: Workspace, names: Sequence[str], *, timeout: float) -> None:
    """Ask the supervisor to keep exactly these servers stopped.

    Raises HeliographError when it does not obey within `timeout` seconds.
    """
    state = running_supervisor(workspace)
    if state is None:
        raise HeliographError("The stack is not running.", hint="heliograph up")
    write_json(workspace.root / CONTROL, {"stopped": sorted(names)})
    send_signal(state.identity, signal.SIGHUP)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        now = running_supervisor(workspace)
        if now and all((server.phase == "stopped") == (name in names) for name, server in now.servers.items()):
            return
        time.sleep(_TURN)
    raise HeliographError(f"The supervisor did not obey within {timeout:g} s.", hint="heliograph logs supervisor")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _error(workspace: Workspace, name: str, what: str, start: _Start | None) -> HeliographError:
    lines = last_lines(workspace.log(name), _QUOTED_LINES, since=start.log_sizes.get(name, 0) if start else 0)
    why = "\n        ".join(["its last log lines:", *lines]) if lines else "it wrote no log"
    return HeliographError(what + ".", why=why, hint=f"the whole log: {workspace.log(name)}")
