"""Heliograph as the README has it, and nothing at all."""

from __future__ import annotations

from benchmarks.overhead.worker._model import client
from benchmarks.overhead.worker._ready import Ready, of_client

__all__ = ["heliograph", "nothing"]

_SECONDS = 30.0  # for a flush on a busy machine


def nothing(endpoint: str) -> Ready:
    """Set up no telemetry: what is measured then is the noise."""
    del endpoint
    return of_client(client(), lambda: None)


def heliograph(endpoint: str) -> Ready:
    """Configure it once, before the client is made: spans, metrics, prices, quotas and events."""
    import heliograph as package

    package.configure("bench", endpoint=endpoint)

    def flush() -> None:
        if not package.flush(_SECONDS):
            raise RuntimeError("heliograph.flush() did not deliver everything")

    return of_client(client(), flush, "heliograph")
