"""Where records go, and where they are read back."""

from __future__ import annotations

from dataclasses import dataclass

from heliograph.stack._ports import Ports

__all__ = ["Targets"]


@dataclass(frozen=True)
class Targets:
    """Base addresses (http or https, without a path for the collector)."""

    collector: str
    jaeger: str
    loki: str
    prometheus: str

    @classmethod
    def at(cls, offset: int = 0) -> Targets:
        """Return the addresses of `heliograph up --port-offset OFFSET` on this machine."""
        ports = Ports.at(offset)
        return cls(
            collector=f"http://127.0.0.1:{ports.otlp_http}",
            jaeger=f"http://127.0.0.1:{ports.jaeger}",
            loki=f"http://127.0.0.1:{ports.loki}",
            prometheus=f"http://127.0.0.1:{ports.prometheus}",
        )
