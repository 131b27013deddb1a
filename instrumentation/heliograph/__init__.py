"""Heliograph: signals from your LLM application.

Three names are enough for most applications::

    import heliograph

    heliograph.configure(service_name="my-app")          # traces, metrics and logs over OTLP

    with heliograph.query(user_id="u-1", session_id="s-1"):
        ...                                               # whatever calls an LLM

Importing this package is light: OpenTelemetry's SDK is loaded when `configure` is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph._version import __version__

if TYPE_CHECKING:
    from heliograph.genai import chain, query
    from heliograph.telemetry import configure, flush, metrics_endpoint, shutdown

__all__ = ["__version__", "chain", "configure", "flush", "metrics_endpoint", "query", "shutdown"]

_HOMES = {
    "chain": "heliograph.genai",
    "configure": "heliograph.telemetry",
    "flush": "heliograph.telemetry",
    "metrics_endpoint": "heliograph.telemetry",
    "query": "heliograph.genai",
    "shutdown": "heliograph.telemetry",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'heliograph' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
