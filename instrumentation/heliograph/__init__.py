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

from heliograph._lazy import exports
from heliograph._version import __version__

if TYPE_CHECKING:
    from heliograph.genai import chain, query
    from heliograph.telemetry import configure, flush, metrics_endpoint, shutdown

__all__ = ["__version__", "chain", "configure", "flush", "metrics_endpoint", "query", "shutdown"]

__getattr__ = exports(
    __name__,
    {
        "chain": "genai",
        "configure": "telemetry",
        "flush": "telemetry",
        "metrics_endpoint": "telemetry",
        "query": "genai",
        "shutdown": "telemetry",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
