"""The stack on this machine as an object: what the command line, the demo and the tests use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError
from heliograph.stack._launch import halt, launch, set_stopped, wait_ready
from heliograph.stack._observe import ServerStatus, observe, running_supervisor
from heliograph.stack._paths import state_root
from heliograph.stack._plan import PLAN, Plan, read_plan
from heliograph.stack._portcheck import check_ports
from heliograph.stack._ports import Ports
from heliograph.stack._process import send_signal
from heliograph.stack._servers import SERVERS, Context, Extra, Server, plan_server
from heliograph.stack._workspace import Settings, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from heliograph.secure._overlay import Exposed
    from heliograph.stack._build import BuildEvent
    from heliograph.stack._launch import Progress
    from heliograph.stack._process import Identity

__all__ = ["Stack", "grafana_note", "only_one_start"]

# link -> the server without which it leads nowhere
_OFFERED_BY = {
    "alertmanager": "alertmanager",
    "grafana": "grafana",
    "inbox": "inbox",
    "jaeger": "jaeger",
    "loki": "loki",
    "otlp": "collector",
    "prometheus": "prometheus",
    "runbooks": "inbox",
}


class Stack:
    """Collector, Prometheus, Alertmanager, Loki, Jaeger, meter, canary and inbox on 127.0.0.1, without Docker.

    `offset` is added to every port; `state` is the folder of configuration, data and logs (default: `stack-<offset>`
    in `heliograph.stack._paths.state_root()`); `overlays` are laid over heliograph.yaml; `environment` gives servers
    variables by name of the server; `exposed` has them ask who is there, and listen on an address of your choice. Two
    stacks with different offsets live side by side.
    """

    def __init__(
        self,
        offset: int = 0,
        state: Path | None = None,
        overlays: Sequence[Path] = (),
        environment: Mapping[str, Mapping[str, str]] | None = None,
        exposed: Exposed | None = None,
    ) -> None:
        self.offset = offset
        self.ports = Ports.at(offset)
        self.overlays = tuple(Path(overlay).absolute() for overlay in overlays)
        self.environment = {name: dict(variables) for name, variables in (environment or {}).items()}
        self.exposed = exposed
        self.workspace = Workspace((state or state_root() / f"stack-{offset}").absolute(), exposed)

    @property
    def running(self) -> bool:
        """Whether its supervisor runs (single servers may still be starting or restarting)."""
        return running_supervisor(self.workspace) is not None

    @property
    def planned_offset(self) -> int:
        """The offset with which it was last started, in a folder that may have been given by name alone."""
        plan = read_plan(self.workspace.root / PLAN)
        return plan.offset if plan is not None else self.offset

    @property
    def urls(self) -> dict[str, str]:
        """Addresses for people by name, as `external_url` and `links` in heliograph.yaml say; empty before `up`."""
        plan = read_plan(self.workspace.root / PLAN)
        return dict(plan.links) if plan is not None else {}

    def up(self, timeout: float = 60.0, progress: Progress | None = None) -> None:
        """Build what is missing, start every server and wait until all are ready (`timeout` is for the servers only).

        Does nothing but wait when the stack already runs. Raises HeliographError - and leaves nothing running - when
        a port is taken, a server ends or is not ready in time, or the configuration has a mistake.
        """
        self.workspace.prepare()
        with only_one_start(self.workspace.root):
            if self.running:
                wait_ready(self.workspace, timeout=timeout)
                return
            halt(self.workspace, timeout=10.0)  # what a crash may have left behind
            if self.exposed is not None:
                from heliograph.secure._overlay import check

                check(self.exposed)
            settings = self._settings()
            servers = _chosen(settings)
            check_ports(servers, self.ports, offset=self.offset)
            binaries = _binaries(servers, progress)
            self.workspace.write(settings, self.ports, [server.name for server in servers])
            launch(self.workspace, self._plan(servers, binaries, settings), timeout=timeout, progress=progress)

    def down(self, timeout: float = 30.0, progress: Progress | None = None) -> bool:
        """Stop every server cleanly, the intake first; kill what is left after `timeout` seconds.

        Returns whether anything was running.
        """
        return halt(self.workspace, timeout=timeout, progress=progress)

    def wipe(self) -> None:
        """Delete its data, logs and rendered configuration; raises HeliographError while it runs."""
        if self.running:
            raise HeliographError("The stack is running.", hint="heliograph down --wipe")
        self.workspace.wipe()

    def draft(self, binaries: Mapping[str, str]) -> tuple[Plan, Settings]:
        """Return the plan that `up` would carry out now, with these programs, and its settings; writes nothing.

        Servers that have no program in `binaries` are planned with an empty one. Raises ConfigError.
        """
        settings = self._settings()
        return self.plan_of(settings, binaries), settings

    def plan_of(self, settings: Settings, binaries: Mapping[str, str]) -> Plan:
        """Return the plan for these settings; servers that have no program in `binaries` get an empty one."""
        servers = _chosen(settings)
        return self._plan(servers, {server.name: "" for server in servers} | dict(binaries), settings)

    def status(self) -> list[ServerStatus]:
        """Return one entry per server; empty when the stack does not run."""
        return observe(self.workspace)

    def log_path(self, name: str) -> Path:
        """Return the log of a server, or of the `supervisor`; raises HeliographError for other names."""
        names = [server.name for server in SERVERS] + ["supervisor"]
        if name not in names:
            raise HeliographError(
                f"There is no server named {name!r}.", hint="one of: " + ", ".join(names), exit_code=2
            )
        return self.workspace.log(name)

    def identity(self, name: str) -> Identity | None:
        """Return the process of one server, None when it does not run."""
        state = running_supervisor(self.workspace)
        server = state.servers.get(name) if state else None
        return server.identity if server else None

    def kill(self, name: str) -> None:
        """Kill one server (SIGKILL), as a crash would; the supervisor starts it again."""
        if not send_signal(self.identity(name), signal.SIGKILL):
            raise HeliographError(f"{name} is not running.", hint="heliograph status")

    def stop_one(self, name: str, timeout: float = 30.0) -> None:
        """Stop one server and keep it stopped until `start_one`."""
        set_stopped(self.workspace, [*self._stopped(), name], timeout=timeout)

    def start_one(self, name: str, timeout: float = 30.0) -> None:
        """Start a server that `stop_one` stopped, and wait until it is ready."""
        set_stopped(self.workspace, [other for other in self._stopped() if other != name], timeout=timeout)
        wait_ready(self.workspace, timeout=timeout)

    def _stopped(self) -> list[str]:
        state = running_supervisor(self.workspace)
        return [name for name, server in state.servers.items() if server.phase == "stopped"] if state else []

    def _settings(self) -> Settings:
        return self.workspace.settings(self.overlays, self.ports)

    def _plan(self, servers: Sequence[Server], binaries: Mapping[str, str], settings: Settings) -> Plan:
        def context(server: Server) -> Context:
            return Context(
                ports=self.ports,
                config=self.workspace.config,
                data=self.workspace.data(server.name),
                binary=binaries[server.name],
                links=settings.links,
                retention=settings.retention,
                loki_ruler=str(settings.config.intervals.loki_ruler),
                foreign_logs=self.workspace.foreign_logs,
                grafana_home=os.environ.get("GRAFANA_HOME", ""),
                front=self.exposed.listen if self.exposed else "127.0.0.1",
                asked=self.exposed.asked if self.exposed else "127.0.0.1",
                web="https" if self.exposed else "http",
            )

        def extra(name: str) -> Extra:
            found = settings.extras.get(name, Extra())
            return replace(found, env={**found.env, **self.environment.get(name, {})})

        return Plan(
            servers=tuple(
                plan_server(server, context(server), log=self.workspace.log(server.name), extra=extra(server.name))
                for server in servers
            ),
            offset=self.offset,
            overlays=tuple(str(overlay) for overlay in self.overlays),
            links={name: url for name, url in settings.links.items() if _OFFERED_BY[name] in binaries},
            exposed=asdict(self.exposed) if self.exposed else {},
        )


def grafana_note() -> str:
    """Say how Grafana comes into play on this machine; "" when it runs already by GRAFANA_HOME."""
    if os.environ.get("GRAFANA_HOME"):
        return ""
    from heliograph.stack._versions import versions

    return (
        f"not started: it is in no package registry. Set GRAFANA_HOME to an unpacked Grafana {versions()['grafana']}, "
        "or run the stack with Docker."
    )


def _chosen(settings: Settings) -> list[Server]:
    """Return the rows that this launch runs."""
    left_out = set()
    if not settings.inbox:
        left_out.add("inbox")
    if not settings.config.canary.enabled:
        left_out.add("canary")
    if not os.environ.get("GRAFANA_HOME"):
        left_out.add("grafana")
    return [server for server in SERVERS if server.name not in left_out]


def _binaries(servers: Sequence[Server], progress: Progress | None) -> dict[str, str]:
    """Return name → program for every server, building what is missing."""
    from heliograph.stack._build import binary, build

    wanted = [server.binary for server in servers if server.binary]

    def tell(event: BuildEvent) -> None:
        if progress is not None and event.state != "cached":
            hint = f": {event.hint}" if event.hint else ""
            progress(f"build {event.name} ({event.index}/{event.total}), {event.state} {event.elapsed:.0f} s{hint}")

    build(wanted, progress=tell)
    found = {server.name: str(binary(server.binary)) for server in servers if server.binary}
    for server in servers:
        if server.name in {"canary", "inbox", "meter"}:
            found[server.name] = sys.executable
        elif server.name == "grafana":
            found["grafana"] = _grafana_program()
    return found


def _grafana_program() -> str:
    home = Path(os.environ["GRAFANA_HOME"]).expanduser()
    program = home / "bin" / "grafana"
    if not program.is_file():
        raise HeliographError(
            f"GRAFANA_HOME names no installation of Grafana: {program} does not exist.",
            hint="point it at the unpacked archive (it holds bin/, conf/ and public/), or unset it",
            exit_code=2,
        )
    return str(program)


@contextlib.contextmanager
def only_one_start(root: Path) -> Iterator[None]:
    """Let one `up` at a time through per state folder."""
    with (root / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeliographError(
                "Another `heliograph up` is starting this stack right now.",
                hint="wait for it, or run a second stack: heliograph up --port-offset 100",
            ) from None
        yield
