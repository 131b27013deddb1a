"""Start, watch and stop a planned set of servers through a detached supervisor.

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
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError
from heliograph.stack._plan import SupervisorState, read_plan, read_state, write_json, write_plan
from heliograph.stack._probe import which_answer
from heliograph.stack._process import Identity, identify, is_alive, rss_bytes, send_signal, stop
from heliograph.stack._supervisor import CONTROL, PLAN, STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from heliograph.stack._plan import Plan
    from heliograph.stack._workspace import Workspace

    Progress = Callable[[str], None]
    """Called with what just happened: "loki: ready after 1.9 s"."""

__all__ = ["ServerStatus", "halt", "last_lines", "launch", "observe", "running_supervisor", "set_stopped", "wait_ready"]

_TURN = 0.1  # seconds between two looks while starting
_DEATHS_ALLOWED = 1  # a first death while starting may be chance; a second one is a reason to tell

# What the servers may see of the user's environment: no API keys, no OTEL_* of the shell that happened to start them.
_INHERITED = frozenset({
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "USER", "XDG_RUNTIME_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_DIR", "SSL_CERT_FILE",
    "AWS_PROFILE", "AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE", "GOGC", "GOMAXPROCS",
    "HELIOGRAPH_CACHE", "HELIOGRAPH_STATE",
})  # fmt: skip


@dataclass(frozen=True)
class ServerStatus:
    """One server as it is now."""

    name: str
    state: str
    """ready, starting (runs, does not answer), restarting (died), stopped."""
    pid: int | None
    rss_bytes: int | None
    url: str
    uptime: float
    """Seconds since its process started; 0 when it does not run."""
    restarts: int
    ready: bool


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
    begun = time.monotonic()
    with log.open("ab") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-P", "-m", "heliograph.stack._supervisor", str(root)],
            cwd=root,
            env={key: value for key, value in os.environ.items() if key in _INHERITED},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
        )
    try:
        wait_ready(workspace, timeout=timeout, progress=progress, begun=begun, supervisor=supervisor)
    except BaseException:
        supervisor.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            supervisor.wait(30)
        halt(workspace, timeout=5)
        raise


def wait_ready(
    workspace: Workspace,
    *,
    timeout: float,
    progress: Progress | None = None,
    begun: float | None = None,
    supervisor: subprocess.Popen[bytes] | None = None,
) -> None:
    """Wait until every planned server answers; raises HeliographError after `timeout` seconds or at a death."""
    plan = read_plan(workspace.root / PLAN)
    if plan is None:
        raise HeliographError("The stack was never started here.", hint="heliograph up")
    begun = time.monotonic() if begun is None else begun
    open_ = {server.name: server.ready_url for server in plan.servers}
    while open_:
        state = read_state(workspace.root / STATE)
        if supervisor is not None and supervisor.poll() is not None:
            raise _start_error(workspace, "supervisor", "The supervisor ended while starting")
        if state is not None:
            for name in open_:
                server = state.servers.get(name)
                if server is not None and server.restarts > _DEATHS_ALLOWED:
                    raise _start_error(workspace, name, f"{name} ended while starting ({server.last_exit})")
            runs = {name for name, server in state.servers.items() if server.phase == "running"}
            stopped = {name for name, server in state.servers.items() if server.phase == "stopped"}
            ready = which_answer({name: url for name, url in open_.items() if name in runs})
            for name in sorted(ready):
                if progress:
                    progress(f"{name}: ready after {time.monotonic() - begun:.1f} s")
            on_request = stopped if supervisor is None else set()
            open_ = {name: url for name, url in open_.items() if name not in ready | on_request}
        if open_ and time.monotonic() - begun > timeout:
            late = ", ".join(open_)
            raise _start_error(workspace, next(iter(open_)), f"Not ready within {timeout:g} s: {late}")
        if open_:
            time.sleep(_TURN)


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


def running_supervisor(workspace: Workspace) -> SupervisorState | None:
    """Return the state when its supervisor really runs; a file left by a crash or a reboot does not count."""
    state = read_state(workspace.root / STATE)
    return state if state is not None and is_alive(state.identity) else None


def observe(workspace: Workspace) -> list[ServerStatus]:
    """Return the status of every planned server, asking each one that runs; [] when the stack does not run."""
    state = running_supervisor(workspace)
    plan = read_plan(workspace.root / PLAN)
    if state is None or plan is None:
        return []
    runs = {name: server for name, server in state.servers.items() if server.phase == "running"}
    ready = which_answer({server.name: server.ready_url for server in plan.servers if server.name in runs})
    words = {"running": "starting", "waiting": "restarting", "stopped": "stopped"}
    result = []
    for planned in plan.servers:
        server = state.servers[planned.name]
        identity = server.identity if planned.name in runs else None
        is_ready = planned.name in ready
        result.append(
            ServerStatus(
                name=planned.name,
                state="ready" if is_ready else words[server.phase],
                pid=identity.pid if identity else None,
                rss_bytes=rss_bytes(identity),
                url=planned.url,
                uptime=max(0.0, time.time() - server.started_at) if identity else 0.0,
                restarts=server.restarts,
                ready=is_ready,
            )
        )
    return result


def set_stopped(workspace: Workspace, names: Sequence[str], *, timeout: float) -> None:
    """Ask the supervisor to keep exactly these servers stopped; raises HeliographError when it does not obey in time."""
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


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last `count` lines of a log ([] when there is none)."""
    try:
        with path.open(encoding="utf-8", errors="replace") as log:
            return [line.rstrip("\n") for line in deque(log, maxlen=count)]
    except OSError:
        return []


def _start_error(workspace: Workspace, name: str, what: str) -> HeliographError:
    lines = last_lines(workspace.log(name), 12)
    why = "\n        ".join(["its last log lines:", *lines]) if lines else "it wrote no log"
    return HeliographError(what + ".", why=why, hint=f"the whole log: {workspace.log(name)}")
