"""The stack on Docker, whose containers read the repository's generated files through mounted folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.config._server_files import VARIABLES, with_numbers
from heliograph.errors import HeliographError
from heliograph.reload._apply import Report, apply
from heliograph.reload._outcome import Outcome
from heliograph.reload._precheck import precheck
from heliograph.reload._servers import Alertmanager, Changed, Grafana, Loki, Prometheus, Server
from heliograph.stack._ports import Ports
from heliograph.stack._stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from heliograph.config import Config

__all__ = ["carry_out", "servers"]


def servers(ports: Ports | None = None) -> list[Server]:
    """Return the servers as compose publishes them: on this machine's loopback, at their usual ports."""
    ports, base = ports or Ports(), "http://127.0.0.1"
    return [
        Prometheus(f"{base}:{ports.prometheus}"),
        Alertmanager(f"{base}:{ports.alertmanager}"),
        Loki(f"{base}:{ports.loki}", folder="loki/generated/"),
        Grafana(f"{base}:{ports.grafana}"),
    ]


def carry_out(
    root: Path,
    config: Config,
    files: Mapping[str, str],
    changed: Changed,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Check the rendered `files`, write the `changed` ones below `root`, and have the containers take them.

    Prometheus and Alertmanager are reloaded also when nothing changed: the files may have been written before.
    Raises HeliographError when a tool refuses the files, or the native stack runs at these ports.
    """
    if Stack().running:
        raise HeliographError(
            "What runs at these ports is the native stack, which does not read these files.",
            hint="heliograph reload",
            exit_code=2,
        )
    beside = {
        "prometheus/prometheus.yml": root / "prometheus/prometheus.yml",
        **{f"prometheus/targets/{path.name}": path for path in (root / "docker/targets").glob("*")},
        **{f"alertmanager/templates/{path.name}": path for path in (root / "alertmanager/templates").glob("*")},
    }
    everything = {name: path.read_text(encoding="utf-8") for name, path in beside.items() if path.is_file()}
    everything["prometheus/prometheus.yml"] = with_numbers(everything["prometheus/prometheus.yml"], config)
    for line in precheck(
        everything | dict(files), loki=f"http://127.0.0.1:{Ports().loki}", templates=config.paths.templates
    ):
        progress(line)
    again = {path: text for path, text in files.items() if path.startswith(("prometheus/", "alertmanager/"))}
    report = apply(root, files, {**again, **changed}, servers(), progress)
    # Variables are read at a start only; Compose makes a container anew whose variables changed.
    waiting = {} if report.back else {name: path for name, path in VARIABLES.items() if path in changed}
    outcomes = {outcome.server: outcome for outcome in report.outcomes}
    outcomes |= {name: Outcome(name, "needs a restart", path) for name, path in waiting.items()}
    return Report(tuple(outcomes.values()), back=report.back)
