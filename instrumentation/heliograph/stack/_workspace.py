"""The folder of one running stack: configuration rendered for its ports, data, logs.

Nothing is written into the repository: the committed files serve Docker and readers, this copy serves the processes.
The user's heliograph.yaml and overlays are read first; what only this launch knows (its ports, and the addresses that
follow from them) is merged over them like one more overlay, so it passes the same checks.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from heliograph.errors import HeliographError
from heliograph.stack._extras import extras
from heliograph.stack._paths import config_root
from heliograph.stack._ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from heliograph.config import Config
    from heliograph.secure._overlay import Exposed
    from heliograph.stack._servers import Extra

__all__ = ["Settings", "Workspace", "reader_at_start"]

# Files that a server reads at its start only.
_AT_START = {
    "canary.json": "canary",
    "collector/": "collector",
    "grafana/": "grafana",
    "jaeger/": "jaeger",
    "loki/loki.yaml": "loki",
    "meter.json": "meter",
}

# What the servers read and `heliograph.config.render` does not make.
_STATIC = (
    "alertmanager/templates",
    "collector",
    "grafana",
    "jaeger",
    "loki/loki.yaml",
    "prometheus/prometheus.yml",
)
# What is rendered; servers want these folders even when they are empty.
_GENERATED = ("loki/rules/fake", "dashboards/generated")
# The addresses that jaeger/ui.json is written with.
_UI_GRAFANA, _UI_PROMETHEUS = "http://localhost:3001", "http://localhost:9090"
# What an exposed stack shows on this machine only, and without TLS.
_PLAIN = ("inbox", "runbooks")
# What listens on its own address, and is scraped there.
_FRONT = ("prometheus", "alertmanager", "grafana")
_TARGETS = {
    "collector": "collector_metrics",
    "prometheus": "prometheus",
    "alertmanager": "alertmanager",
    "loki": "loki",
    "jaeger": "jaeger_metrics",
    "grafana": "grafana",
    "canary": "canary",
}


@dataclass(frozen=True)
class Settings:
    """The validated configuration of this launch, and what follows from it."""

    config: Config
    links: dict[str, str]
    """name → address for people, right from another machine when `external_url` is."""
    retention: dict[str, str]
    """prometheus, loki, jaeger → how long, each in the spelling its server reads."""
    inbox: bool
    extras: dict[str, Extra]
    """server → what only this configuration asks of it."""


@dataclass(frozen=True)
class Workspace:
    """Paths inside a state folder, and the writing of its configuration."""

    root: Path
    exposed: Exposed | None = None
    """How its servers ask who is there; None: whoever reaches loopback may ask them."""

    @property
    def config(self) -> Path:
        """Rendered configuration; made anew at every start."""
        return self.root / "config"

    @property
    def foreign_logs(self) -> Path:
        """Put `<name>.log` here and its lines arrive in Loki as service_name=<name>."""
        return self.root / "foreign-logs"

    def data(self, name: str) -> Path:
        """Return the data folder of a server; survives restarts, goes with `down --wipe`."""
        return self.root / "data" / name

    def log(self, name: str) -> Path:
        """Return the log file of a server (or of the supervisor)."""
        return self.root / "logs" / f"{name}.log"

    def prepare(self) -> None:
        """Make the folder, readable by its owner only: logs and queues hold what users wrote."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)
            self.foreign_logs.mkdir(exist_ok=True)
        except OSError as error:
            raise HeliographError(
                f"The state folder {self.root} cannot be written.",
                why=str(error),
                hint="choose another one with --state DIR or HELIOGRAPH_STATE",
            ) from None

    def wipe(self) -> None:
        """Delete what a stack keeps here, and nothing else: `--state` may name a folder with other things in it."""
        for name in ("config", "data", "logs"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        for name in ("plan.json", "state.json", "control.json", "supervisor.lock", "up.lock"):
            (self.root / name).unlink(missing_ok=True)
        for folder in (self.foreign_logs, self.root):
            with contextlib.suppress(OSError):  # not empty, or never there
                folder.rmdir()

    def settings(self, overlays: Sequence[Path], ports: Ports) -> Settings:
        """Read heliograph.yaml, its overlays and this launch's own addresses; raises ConfigError for mistakes."""
        from heliograph.config import load

        return self.settings_of(load(overlays=overlays), ports)

    def settings_of(self, chosen: Config, ports: Ports, *, check: bool = True) -> Settings:
        """Return the settings of a launch with this configuration; `check` is that of `Config.merged`."""
        links = _links(chosen, ports)
        if self.exposed is not None:
            links = {name: url if name in _PLAIN else _with_tls(url) for name, url in links.items()}
        config = chosen.merged(
            {
                "links": {name: links[name] for name in type(chosen.links).model_fields},
                "paths": {"templates": str(self.config / "alertmanager/templates"), "secrets": None},
                "channels": {
                    "inbox": {
                        "smtp": f"127.0.0.1:{ports.inbox_smtp}",
                        "webhook": f"http://127.0.0.1:{ports.inbox_http}/alerts",
                    }
                },
            },
            check=check,
        )
        retention = {
            "prometheus": str(config.retention.prometheus),
            "loki": str(config.retention.loki),
            "jaeger": _in_hours(str(config.retention.jaeger)),
        }
        more = extras(config, self.config)
        if self.exposed is not None:
            from heliograph.secure._overlay import extras as exposing

            for name, extra in exposing(self.exposed, self.config, ports).items():
                more[name] = more[name].joined(extra) if name in more else extra
        return Settings(config, links, retention, config.channels.inbox.enabled, more)

    def files(self, settings: Settings, ports: Ports, servers: Iterable[str]) -> dict[str, str]:
        """Return the whole configuration for these servers: path below `config` → text. Writes nothing."""
        from heliograph.config import render
        from heliograph.config._server_files import with_numbers

        files = {path: text for relative in _STATIC for path, text in _static(config_root(), relative)}
        for relative, text in render(settings.config).items():
            if relative.startswith("docker/"):
                continue  # what is there, these servers get by their plan and by the file below
            # Loki's local ruler wants a folder per tenant, and `fake` is the name of the only one.
            files[relative.replace("loki/generated/", "loki/rules/fake/")] = text
        files |= _parts(settings.config)
        for name in servers:
            if name in _TARGETS:
                host = self.exposed.asked if self.exposed and name in _FRONT else "127.0.0.1"
                address = f"{host}:{getattr(ports, _TARGETS[name])}"
                files[f"prometheus/targets/{name}.json"] = json.dumps([{"targets": [address]}])
        files["prometheus/prometheus.yml"] = with_numbers(files["prometheus/prometheus.yml"], settings.config)
        ui = files["jaeger/ui.json"].replace(_UI_GRAFANA, settings.links["grafana"])
        files["jaeger/ui.json"] = ui.replace(_UI_PROMETHEUS, settings.links["prometheus"])
        if self.exposed is not None:
            from heliograph.secure._overlay import add_files

            langsmith = settings.config.destinations.langsmith.enabled
            add_files(self.exposed, files, ["bearertokenauth/langsmith"] if langsmith else ())
        return files

    def write(self, settings: Settings, ports: Ports, servers: Sequence[str]) -> None:
        """Write the whole configuration for these servers, in place of any that was there."""
        files = self.files(settings, ports, servers)
        shutil.rmtree(self.config, ignore_errors=True)
        for relative, text in files.items():
            path = self.config / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for folder in _GENERATED:
            (self.config / folder).mkdir(parents=True, exist_ok=True)
        for name in servers:
            self.data(name).mkdir(parents=True, exist_ok=True)

    def written(self) -> dict[str, str]:
        """Return the configuration as it lies there: path below `config` → text; {} before the first start."""
        found = (path for path in sorted(self.config.rglob("*")) if path.is_file())
        return {path.relative_to(self.config).as_posix(): path.read_text(encoding="utf-8") for path in found}


def reader_at_start(path: str) -> str | None:
    """Return the server that reads this file (a path below `Workspace.config`) at its start only."""
    return next((name for start, name in _AT_START.items() if path.startswith(start)), None)


def _static(source: Path, relative: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of what is taken as it is; Jsonnet sources and what is rendered from them are not."""
    top = source / relative
    for path in [top] if top.is_file() else sorted(top.rglob("*")):
        parts = path.relative_to(source).parts
        if path.is_file() and path.suffix not in {".libsonnet", ".jsonnet"} and "generated" not in parts:
            yield "/".join(parts), path.read_text(encoding="utf-8")


def _parts(config: Config) -> dict[str, str]:
    """Return what our own services read: each the sections that concern it."""
    from heliograph.config import CanaryPart, MeterPart

    plain = config.plain()
    # Of the intervals they read this one only; a change of another must not look like a reason to start them anew.
    plain["intervals"] = {"metric_export": plain["intervals"]["metric_export"]}
    return {
        f"{name}.json": json.dumps({key: plain[key] for key in part.model_fields}, indent=1, default=str) + "\n"
        for name, part in (("canary", CanaryPart), ("meter", MeterPart))
    }


def _links(config: Config, ports: Ports) -> dict[str, str]:
    """Return every address for people: what heliograph.yaml says, else `external_url` with this launch's port."""
    base = str(config.external_url).rstrip("/")
    own = _derive(base, ports)
    usual = _derive(base, Ports())
    for name, given in config.links.model_dump().items():
        if str(given).rstrip("/") != usual[name]:  # chosen by the user, not derived from the usual port
            own[name] = str(given).rstrip("/")
    return own


def _derive(base: str, ports: Ports) -> dict[str, str]:
    return {
        "grafana": _with_port(base, ports.grafana),
        "prometheus": _with_port(base, ports.prometheus),
        "alertmanager": _with_port(base, ports.alertmanager),
        "jaeger": _with_port(base, ports.jaeger),
        "inbox": _with_port(base, ports.inbox_http),
        "runbooks": _with_port(base, ports.inbox_http) + "/runbooks",
        "loki": _with_port(base, ports.loki),
        "otlp": _with_port(base, ports.otlp_http),
    }


def _with_tls(url: str) -> str:
    return "https" + url.removeprefix("http") if url.startswith("http://") else url


def _with_port(base: str, port: int) -> str:
    parts = urlsplit(base)
    host = parts.hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme or "http", f"{host}:{port}", parts.path, "", "")).rstrip("/")


def _in_hours(duration: str) -> str:
    """Turn `7d` or `2w` into `168h`, `336h`: Go's own durations end at hours. Others pass unchanged."""
    found = re.fullmatch(r"(\d+)([dw])", duration.strip())
    if not found:
        return duration
    return f"{int(found[1]) * {'d': 24, 'w': 24 * 7}[found[2]]}h"
