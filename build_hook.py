"""Put the stack's configuration into the wheel; an editable install reads it from the checkout instead."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Everything that `heliograph up`, `generate` and `demo` read; `heliograph.stack._paths.config_root` finds it again.
TRAVELS = (
    "alertmanager",
    "collector",
    "dashboards",
    "docker/generated",
    "docs/runbooks",
    "examples",
    "grafana",
    "heliograph.yaml",
    "jaeger",
    "loki",
    "native",
    "prometheus",
)


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]  # its only parameter is the builder's own config
    """Copy the configuration to `heliograph/_bundle/` of a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; `version` is hatch's word for the kind of wheel."""
        if version == "standard":
            build_data["force_include"].update({path: f"heliograph/_bundle/{path}" for path in TRAVELS})
