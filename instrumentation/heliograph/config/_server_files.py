"""Numbers of heliograph.yaml that servers take from their own configuration files or from variables.

Natively they go into the plan and the workspace of the stack; for Docker `heliograph generate` writes them below
docker/generated, where compose finds them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from heliograph.config._durability import limits
from heliograph.secure._render import exposed_prometheus

if TYPE_CHECKING:
    from heliograph.config._model import Config

__all__ = ["QUEUE_VARIABLES", "VARIABLES", "for_docker", "variables", "with_numbers"]

QUEUE_VARIABLES = {
    store: f"HELIOGRAPH_QUEUE_BYTES_{store.upper()}" for store in ("prometheus", "loki", "jaeger", "meter")
}
"""Store → the variable of collector/otelcol.yaml with the size of its queue."""

VARIABLES = {name: f"docker/generated/{name}.env" for name in ("collector", "loki")}
"""Service → the file with its variables that compose reads."""

_HEADER = "# Generated from heliograph.yaml and {source} by `heliograph generate`; edit there.\n"
_BESIDE = {"generated/": "../generated/", "targets/": "../targets/"}


def variables(config: Config) -> dict[str, dict[str, str]]:
    """Return server → its variables."""
    found = limits(config.durability)
    # Read by the supervisor (`heliograph.stack._sync_writes`), and on Docker by the service that prepares the volumes.
    sync = {"HELIOGRAPH_SYNC_WRITES": str(config.durability.sync_writes).lower()}
    return {
        "collector": {
            "HELIOGRAPH_LATE": _go(found.late),
            **{QUEUE_VARIABLES[store]: str(size) for store, size in found.queues.items()},
        },
        # Loki allows half of it.
        "loki": {"HELIOGRAPH_LOKI_CHUNK_AGE": _go(2 * found.window), **sync},
        "prometheus": sync,
    }


def with_numbers(text: str, config: Config) -> str:
    """Return prometheus.yml with the numbers of this configuration; nothing else of it changes."""
    for key, value in (
        ("scrape_interval", str(config.intervals.scrape)),
        ("evaluation_interval", str(config.intervals.evaluation)),
        ("out_of_order_time_window", _go(limits(config.durability).window)),
    ):
        text, found = re.subn(rf"(?m)^( +{key}:) .*$", rf"\1 {value}", text, count=1)
        if not found:
            raise ValueError(f"prometheus.yml has no {key}")
    return text


def for_docker(config: Config, prometheus: str) -> dict[str, str]:
    """Return the files below docker/generated: path → text. `prometheus` is the text of prometheus/prometheus.yml."""
    # It lies in a folder of its own: a mounted file that is replaced stays the old one for the container.
    text = with_numbers(prometheus, config)
    for old, new in _BESIDE.items():
        text = re.sub(rf"(?m)^(?!\s*#)(.*[\s\[]){re.escape(old)}", rf"\g<1>{new}", text)
    head = _HEADER.format(source="prometheus/prometheus.yml")
    files = {
        "docker/generated/prometheus.yml": head + text,
        "docker/generated/exposed-prometheus.yml": head + exposed_prometheus(text, "../secrets"),
    }
    values = variables(config)
    for name, path in VARIABLES.items():
        lines = "".join(f"{key}={value}\n" for key, value in values[name].items())
        files[path] = _HEADER.format(source="config/_durability.py") + lines
    return files


def _go(seconds: float) -> str:
    """Return a duration that Go's servers and Prometheus read alike."""
    whole = round(seconds)
    for unit, size in (("h", 3600), ("m", 60)):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"
