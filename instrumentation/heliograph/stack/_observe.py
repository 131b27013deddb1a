"""Look at a stack: does it run, how is each server, what did it log last."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.stack._plan import PLAN, STATE, SupervisorState, read_plan, read_state
from heliograph.stack._probe import which_answer
from heliograph.stack._process import is_alive, rss_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.stack._workspace import Workspace

__all__ = ["ServerStatus", "last_lines", "observe", "running_supervisor"]


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
    ready = which_answer(
        {server.name: server.ready_url for server in plan.servers if server.name in runs}, secrets=plan.secrets
    )
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


def last_lines(path: Path, count: int, *, since: int = 0) -> list[str]:
    """Return the last `count` lines of a log after byte `since` ([] when there is none)."""
    try:
        with path.open("rb") as log:
            log.seek(since if since <= path.stat().st_size else 0)  # smaller: it was cut meanwhile
            return [line.decode(errors="replace").rstrip("\r\n") for line in deque(log, maxlen=count)]
    except OSError:
        return []
