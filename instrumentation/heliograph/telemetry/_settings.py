"""What `configure` was told, after the environment had its say: `OTEL_*` variables win over arguments."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from heliograph.guard import ContentPolicy, policy_from
from heliograph.telemetry._outbox import Bounds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Settings", "Signal"]

Signal = Literal["traces", "metrics", "logs"]
SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics", "logs")
DEFAULT_INTERVAL: Final = 5.0
DEFAULT_TIMEOUT: Final = 10.0
DEFAULT_EXIT_TIMEOUT: Final = 5.0
DEFAULT_QUEUE: Final = Bounds(items=8192, size=32_000_000, batch=512, delay=1.0)
"""Of spans, and of log records."""
DEFAULT_SPOOL_SIZE: Final = 256_000_000
"""Bytes on disk, of all processes of a service together."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One application's telemetry.

    Times are in seconds; `timeout` is for one request, `exit_timeout` for all that is left when the process ends.
    `endpoint` is a base URL without a signal path.
    """

    service_name: str
    service_version: str | None = None
    environment: str | None = None
    endpoint: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    protocol: Literal["http/protobuf", "grpc"] = "http/protobuf"
    metric_interval: float = DEFAULT_INTERVAL
    timeout: float = DEFAULT_TIMEOUT
    exit_timeout: float = DEFAULT_EXIT_TIMEOUT
    instrument: bool | tuple[str, ...] = True
    content: ContentPolicy = field(default_factory=ContentPolicy)
    prices: Mapping[str, Any] | str | Path | None = None
    resource_attributes: Mapping[str, str] = field(default_factory=dict)
    exports: frozenset[Signal] = frozenset(SIGNALS)
    span_queue: Bounds = DEFAULT_QUEUE
    log_queue: Bounds = DEFAULT_QUEUE
    metrics_port: int | None = None
    metrics_addr: str = "127.0.0.1"
    spool: Path | None = None
    spool_size: int = DEFAULT_SPOOL_SIZE
    disabled: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def captures_content(self) -> bool:
        """Whether prompts and answers may be on spans."""
        return self.content.captures_on("spans")

    @property
    def shown_endpoint(self) -> str:
        """The base URL for messages, without credentials."""
        given = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or self.endpoint
        if not given:
            return "http://localhost:4317" if self.protocol == "grpc" else "http://localhost:4318"
        return given.split("@")[-1] if "@" in given else given

    @classmethod
    def resolve(
        cls,
        *,
        service_name: str | None = None,
        service_version: str | None = None,
        environment: str | None = None,
        endpoint: str | None = None,
        headers: Mapping[str, str] | None = None,
        metric_interval: float = DEFAULT_INTERVAL,
        instrument: bool | Sequence[str] = True,
        capture_content: bool | str | ContentPolicy | None = None,
        prices: Mapping[str, Any] | str | Path | None = None,
        resource_attributes: Mapping[str, str] | None = None,
        spool: str | Path | None = None,
    ) -> Settings:
        """Combine arguments and environment. Never raises: what cannot be used becomes a warning."""
        env = _Environment()
        content, warnings = policy_from(capture_content, os.environ)
        protocol = env.protocol()
        return cls(
            service_name=service_name or _script_name(),
            service_version=service_version,
            environment=environment or env.text("HELIOGRAPH_ENVIRONMENT"),
            endpoint=endpoint or env.text("HELIOGRAPH_ENDPOINT"),
            headers=dict(headers or {}),
            protocol=protocol,
            metric_interval=env.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", metric_interval),
            timeout=env.number("OTEL_EXPORTER_OTLP_TIMEOUT", DEFAULT_TIMEOUT),
            exit_timeout=env.number("HELIOGRAPH_EXIT_TIMEOUT", DEFAULT_EXIT_TIMEOUT),
            instrument=instrument if isinstance(instrument, bool) else tuple(instrument),
            content=content,
            prices=prices,
            resource_attributes=dict(resource_attributes or {}),
            exports=env.exports(),
            span_queue=env.queue("OTEL_BSP"),
            log_queue=env.queue("OTEL_BLRP"),
            metrics_port=env.metrics_port(),
            metrics_addr=env.text("HELIOGRAPH_METRICS_ADDR")
            or env.text("OTEL_EXPORTER_PROMETHEUS_HOST")
            or "127.0.0.1",
            spool=env.folder("HELIOGRAPH_SPOOL", spool),
            spool_size=int(env.number("HELIOGRAPH_SPOOL_MB", DEFAULT_SPOOL_SIZE / 1e6) * 1e6),
            disabled=(env.text("OTEL_SDK_DISABLED") or "").lower() == "true",
            warnings=(*env.warnings, *warnings),
        )


class _Environment:
    """Reads variables, collecting what is wrong with them."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    @staticmethod
    def text(name: str) -> str | None:
        value = os.environ.get(name, "").strip()
        return value or None

    def milliseconds(self, name: str, default: float) -> float:
        value = self._number(name)
        return default if value is None else value / 1000

    def number(self, name: str, default: float) -> float:
        value = self._number(name)
        return default if value is None else value

    def folder(self, name: str, default: str | Path | None) -> Path | None:
        given = self.text(name) or default
        return Path(given).expanduser().absolute() if given else None

    def queue(self, prefix: str) -> Bounds:
        """Read the bounds of a queue from OpenTelemetry's variables, and HELIOGRAPH_QUEUE_MB for its bytes."""
        items = int(self.number(f"{prefix}_MAX_QUEUE_SIZE", DEFAULT_QUEUE.items)) or 1
        return Bounds(
            items=items,
            size=int(self.number("HELIOGRAPH_QUEUE_MB", DEFAULT_QUEUE.size / 1e6) * 1e6),
            batch=min(int(self.number(f"{prefix}_MAX_EXPORT_BATCH_SIZE", DEFAULT_QUEUE.batch)) or 1, items),
            delay=self.milliseconds(f"{prefix}_SCHEDULE_DELAY", DEFAULT_QUEUE.delay),
        )

    def _number(self, name: str) -> float | None:
        given = self.text(name)
        if given is None:
            return None
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            self.warnings.append(f"{name}={given!r} is not a positive number: using the default")
            return None
        return value

    def protocol(self) -> Literal["http/protobuf", "grpc"]:
        given = self.text("OTEL_EXPORTER_OTLP_PROTOCOL") or "http/protobuf"
        if given == "grpc":
            return "grpc"
        if given != "http/protobuf":
            self.warnings.append(f"OTEL_EXPORTER_OTLP_PROTOCOL={given!r} is not supported: using http/protobuf")
        return "http/protobuf"

    def exports(self) -> frozenset[Signal]:
        """Signals that are pushed: all but those whose exporter is `none` (or, for metrics, `prometheus`)."""
        chosen: set[Signal] = set()
        for signal in SIGNALS:
            given = (self.text(f"OTEL_{signal.upper()}_EXPORTER") or "otlp").lower()
            if given in {"none", "prometheus"}:
                continue
            if given != "otlp":
                self.warnings.append(f"OTEL_{signal.upper()}_EXPORTER={given!r} is not supported: using otlp")
            chosen.add(signal)
        return frozenset(chosen)

    def metrics_port(self) -> int | None:
        """Give the port to be scraped at, None to push."""
        name = "HELIOGRAPH_METRICS_PORT"
        if self.text(name) is None:
            if (self.text("OTEL_METRICS_EXPORTER") or "").lower() != "prometheus":
                return None
            name = "OTEL_EXPORTER_PROMETHEUS_PORT"
        given = self.text(name) or "9464"
        if given.isdecimal() and int(given) <= 65535:  # noqa: PLR2004
            return int(given)
        self.warnings.append(f"{name}={given!r} is not a port: metrics are pushed instead")
        return None


def _script_name() -> str:
    """Name a service that has no name: the script's, or the module's after `python -m`."""
    given = Path(sys.argv[0]) if sys.argv and sys.argv[0] not in {"", "-c", "-m"} else None
    if given is None:
        return "unknown_service:python"
    return given.parent.name if given.name == "__main__.py" else given.stem or "unknown_service:python"
