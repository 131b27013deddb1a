"""The stack on this machine (`heliograph up`): what a new configuration changes there, and having it take it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError
from heliograph.reload._apply import Report, apply
from heliograph.reload._outcome import Outcome
from heliograph.reload._precheck import precheck
from heliograph.reload._servers import Alertmanager, Changed, Grafana, Loki, Prometheus, Server
from heliograph.secure._overlay import Exposed
from heliograph.stack._plan import PLAN, Plan, read_plan, write_plan
from heliograph.stack._ports import Ports
from heliograph.stack._stack import Stack, only_one_start
from heliograph.stack._workspace import reader_at_start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from heliograph.stack._workspace import Settings

__all__ = ["Draft", "carry_out", "draft"]

# Files that are rendered: what is not rendered any more goes. Others below `config` may be a user's.
_RENDERED = ("prometheus/generated/", "alertmanager/generated/", "loki/rules/fake/", "dashboards/generated/")


@dataclass(frozen=True)
class Draft:
    """A new configuration beside the one that runs."""

    stack: Stack
    plan: Plan
    """As it runs."""
    new_plan: Plan
    settings: Settings
    files: Mapping[str, str]
    """All of the new ones: path below `config` → text."""
    before: Mapping[str, str]
    changed: Changed

    @property
    def hot(self) -> dict[str, str | None]:
        """Changed files that are read while a server runs."""
        return {path: text for path, text in self.changed.items() if reader_at_start(path) is None}

    @property
    def restarts(self) -> dict[str, str]:
        """Servers that read a changed setting at their start only → what changed for them."""
        old = {server.name: server for server in self.plan.servers}
        found = {
            server.name: _difference(old[server.name].argv, old[server.name].env, server.argv, server.env)
            for server in self.new_plan.servers
            if server.name in old and (old[server.name].argv, old[server.name].env) != (server.argv, server.env)
        }
        for path in self.changed:
            if (name := reader_at_start(path)) in old:
                found.setdefault(str(name), path)
        return found

    @property
    def come_and_go(self) -> list[str]:
        """Servers that the new configuration adds or takes away."""
        return sorted({*self.plan.names} ^ {*self.new_plan.names})


def draft(stack: Stack, overlays: Sequence[Path] | None) -> Draft:
    """Render what the running stack would have with these overlays (None: those it runs with); writes nothing.

    Raises HeliographError when it does not run, ConfigError when the configuration is wrong.
    """
    plan = read_plan(stack.workspace.root / PLAN)
    if not stack.running or plan is None:
        raise HeliographError("The stack is not running.", hint="heliograph up", exit_code=2)
    chosen = Stack(
        plan.offset,
        stack.workspace.root,
        [Path(o) for o in plan.overlays] if overlays is None else overlays,
        exposed=Exposed(**plan.exposed) if plan.exposed else None,
    )
    new_plan, settings = chosen.draft({server.name: server.argv[0] for server in plan.servers})
    # Whether and which Grafana runs is the environment's business, which may be another one here than at the start.
    others = [server for server in new_plan.servers if server.name != "grafana"]
    grafana = [server for server in plan.servers if server.name == "grafana"]
    new_plan = replace(new_plan, servers=(*others, *grafana))
    files = chosen.workspace.files(settings, Ports.at(plan.offset), new_plan.names)
    before = chosen.workspace.written()
    changed: dict[str, str | None] = {path: text for path, text in files.items() if before.get(path) != text}
    changed |= {path: None for path in before if path.startswith(_RENDERED) and path not in files}
    return Draft(chosen, plan, new_plan, settings, files, before, changed)


def carry_out(
    drafted: Draft, *, restart: bool = False, progress: Callable[[str], None] = lambda _: None
) -> tuple[Report, list[str]]:
    """Have the running servers take the draft; with `restart`, those that must be started anew are.

    Returns the report and what was checked before. Raises HeliographError when a tool refuses the files: nothing was
    replaced then.
    """
    stack = drafted.stack
    with only_one_start(stack.workspace.root):
        ports = Ports.at(drafted.plan.offset)
        checked = precheck(
            drafted.files,
            loki=f"{_scheme(drafted.plan)}://127.0.0.1:{ports.loki}",
            templates=drafted.settings.config.paths.templates,
        )
        for line in checked:
            progress(line)
        # What is read at a start only stays as it is until then, so that the next `reload` still knows of it.
        changed = drafted.changed if restart else drafted.hot
        report = apply(stack.workspace.config, drafted.files, changed, _servers(drafted), progress)
        if report.back:
            return report, checked
        restarts = drafted.restarts
        _note(drafted, restarts if restart else {})
        outcomes = {outcome.server: outcome for outcome in report.outcomes}
        for name, what in restarts.items():
            if restart:
                progress(f"{name}: restarting ...")
                stack.stop_one(name)
                stack.start_one(name)
            took = ", its files are in force" if name in outcomes and outcomes[name].state == "took it" else ""
            outcomes[name] = Outcome(name, "restarted" if restart else "needs a restart", what + took)
        for name in drafted.come_and_go:
            outcomes[name] = Outcome(
                name, "needs a restart", "comes or goes with `heliograph down` and `heliograph up`"
            )
        return Report(tuple(outcomes.values())), checked


def _servers(drafted: Draft) -> list[Server]:
    ports = Ports.at(drafted.plan.offset)
    exposed = drafted.plan.exposed
    base = f"{_scheme(drafted.plan)}://127.0.0.1"
    front = f"https://{Exposed(**exposed).asked}" if exposed else base
    servers: list[Server] = [
        Prometheus(f"{front}:{ports.prometheus}"),
        Alertmanager(f"{front}:{ports.alertmanager}"),
        Loki(f"{base}:{ports.loki}"),
    ]
    if "grafana" in drafted.plan.names:
        servers.append(Grafana(f"{front}:{ports.grafana}"))
    return servers


def _scheme(plan: Plan) -> str:
    return "https" if plan.exposed else "http"


def _note(drafted: Draft, restarted: Mapping[str, str]) -> None:
    """Write the plan as it runs from now on: the new overlays, and new rows for servers that are started anew."""
    new = {server.name: server for server in drafted.new_plan.servers if server.name in restarted}
    rows = tuple(new.get(server.name, server) for server in drafted.plan.servers)
    plan = replace(drafted.plan, servers=rows, overlays=drafted.new_plan.overlays, links=drafted.new_plan.links)
    write_plan(drafted.stack.workspace.root / PLAN, plan)


def _difference(
    argv: Sequence[str], env: Mapping[str, str], new_argv: Sequence[str], new_env: Mapping[str, str]
) -> str:
    """Name the settings that differ, without their values: an environment may name files of secrets."""
    options = sorted({argument.split("=", 1)[0] for argument in {*argv} ^ {*new_argv}})
    variables = sorted(key for key in {*env, *new_env} if env.get(key) != new_env.get(key))
    return ", ".join([*options, *variables])
