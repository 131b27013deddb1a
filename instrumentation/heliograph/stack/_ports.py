"""The ports of the stack: one table, moved as a whole by an offset, so that two stacks fit on one machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from heliograph.errors import HeliographError

__all__ = ["MAX_OFFSET", "Ports"]

MAX_OFFSET = 65535 - 16686
"""The largest offset for which every port still exists (the highest default is Jaeger's 16686)."""


@dataclass(frozen=True)
class Ports:
    """TCP ports on 127.0.0.1; the defaults are those that users of each server expect."""

    otlp_grpc: int = 4317
    otlp_http: int = 4318
    otlp_inner: int = 4321  # the collector of an exposed stack, for the meter and the canary
    collector_health: int = 13133
    collector_metrics: int = 8888
    prometheus: int = 9090
    alertmanager: int = 9093
    loki: int = 3100
    loki_grpc: int = 9096
    jaeger: int = 16686
    jaeger_grpc: int = 16685
    jaeger_otlp: int = 14317
    jaeger_health: int = 13134
    jaeger_metrics: int = 8889
    grafana: int = 3001
    meter: int = 4319
    canary: int = 4320
    inbox_smtp: int = 1025
    inbox_http: int = 8025

    @classmethod
    def at(cls, offset: int) -> Ports:
        """Return every default port plus `offset`; raises HeliographError when a port would leave the range of TCP."""
        if not 0 <= offset <= MAX_OFFSET:
            raise HeliographError(
                f"The port offset {offset} is out of range.",
                why=f"with it some port would not be within 1 to 65535; it may be 0 to {MAX_OFFSET}",
                hint="heliograph up --port-offset 100",
                exit_code=2,
            )
        return cls(**{name: port + offset for name, port in asdict(cls()).items()})
