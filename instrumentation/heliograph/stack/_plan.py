"""What the supervisor is told (`plan.json`) and what it tells (`state.json`): small files in the state folder.

Files rather than a socket: they survive whoever wrote them, and a person can read them.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from heliograph.stack._process import Identity

__all__ = [
    "CONTROL",
    "LOCK",
    "PLAN",
    "STATE",
    "Plan",
    "PlannedServer",
    "ServerState",
    "SupervisorState",
    "read_plan",
    "read_state",
    "write_json",
    "write_plan",
    "write_state",
]

PLAN, STATE, CONTROL, LOCK = "plan.json", "state.json", "control.json", "supervisor.lock"
"""Names inside the state folder: what to run, what runs, what to keep stopped, who supervises."""

Phase = Literal["running", "waiting", "stopped"]
"""`waiting`: it died and starts again after a pause. `stopped`: on request."""


@dataclass(frozen=True)
class PlannedServer:
    """One process to keep running."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    log: str
    ready_url: str
    """Answers 200 once the server serves."""
    url: str
    """Where a person looks at it; "" when there is nothing to see."""
    stop_seconds: float = 10.0
    """How long a clean stop may take before it is killed."""
    stop_rank: int = 1
    """Lower ranks stop first: the intake before the stores it feeds."""


@dataclass(frozen=True)
class Plan:
    """All processes of one stack, in the order of their start."""

    servers: tuple[PlannedServer, ...]
    offset: int = 0
    overlays: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    """name → address as a person elsewhere sees it."""
    exposed: dict[str, str] = field(default_factory=dict)
    """The fields of `heliograph.secure._overlay.Exposed`; {} for a stack on loopback."""

    @property
    def names(self) -> list[str]:
        """The servers in the order of their start."""
        return [server.name for server in self.servers]

    @property
    def secrets(self) -> Path | None:
        """The folder of an exposed stack's secrets."""
        return Path(self.exposed["secrets"]) if self.exposed else None


@dataclass
class ServerState:
    """What the supervisor knows of one process."""

    phase: Phase = "stopped"
    identity: Identity | None = None
    started_at: float = 0.0
    """Unix time, seconds."""
    restarts: int = 0
    last_exit: str = ""
    """How it ended the last time, for people: "exit status 1", "killed by SIGKILL"."""


@dataclass
class SupervisorState:
    """The content of `state.json`."""

    identity: Identity
    servers: dict[str, ServerState]
    stopping: bool = False


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - whatever json takes
    """Replace the file in one step: a reader sees the old content or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def write_plan(path: Path, plan: Plan) -> None:
    """Write `plan.json`; only its owner can read it, since environments may name files of secrets."""
    write_json(path, asdict(plan))
    path.chmod(0o600)


def read_plan(path: Path) -> Plan | None:
    """Return the plan, or None when there is none or it is not one (an older version's, a torn disk)."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        servers = tuple(PlannedServer(**{**one, "argv": tuple(one["argv"])}) for one in raw.pop("servers"))
        return Plan(servers=servers, **{**raw, "overlays": tuple(raw["overlays"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_state(path: Path, state: SupervisorState) -> None:
    """Write `state.json`."""
    write_json(path, asdict(state))


def read_state(path: Path) -> SupervisorState | None:
    """Return the state, or None when there is none or it is not one."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        servers = {
            name: ServerState(**{**one, "identity": _identity(one["identity"])}) for name, one in raw["servers"].items()
        }
        return SupervisorState(Identity(**raw["identity"]), servers, bool(raw["stopping"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _identity(raw: dict[str, Any] | None) -> Identity | None:
    return None if raw is None else Identity(**raw)
