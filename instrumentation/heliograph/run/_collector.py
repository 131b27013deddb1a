"""Where telemetry goes, by the variables that say so. Standard library only: both sides ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["collector"]

_NAMES: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "HELIOGRAPH_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
)


def collector(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Give the collector's address, without credentials, and the variable that names it; None where none does."""
    for name in _NAMES:
        given = environment.get(name, "").strip()
        if given:
            return given.rpartition("@")[2] if "@" in given else given, name
    return None
