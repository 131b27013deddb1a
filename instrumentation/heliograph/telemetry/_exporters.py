"""Exporters of the three signals, over HTTP or gRPC, each behind a courier."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from heliograph.telemetry._courier import Courier
from heliograph.telemetry._grpc import CHANNEL_OPTIONS, one_attempt
from heliograph.telemetry._resource import service_name
from heliograph.telemetry._start_times import points_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import ReadableSpan

    from heliograph.guard import ContentPolicy
    from heliograph.telemetry._health import DeliveryHealth
    from heliograph.telemetry._session import OneAttemptSession
    from heliograph.telemetry._settings import Settings, Signal
    from heliograph.telemetry._spool import Spool

__all__ = ["LogDelivery", "MetricDelivery", "SpanDelivery", "deliveries", "spool"]

_log = logging.getLogger("heliograph.telemetry")

PATIENCE: Final = 900.0
"""Seconds for which a batch of spans or logs is offered again: three times the outage that an application rides out.

Not longer, since it might be the batch itself that the collector fails on. Metrics are offered once: they are
cumulative, and the next collection says it all.
"""


class SpanDelivery(SpanExporter):
    """Spans to the collector."""

    def __init__(self, courier: Courier[Sequence[ReadableSpan]]) -> None:
        self.courier = courier

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Deliver a batch."""
        return SpanExportResult.SUCCESS if self.send(spans) else SpanExportResult.FAILURE

    def send(self, spans: Sequence[ReadableSpan]) -> bool:
        """Deliver a batch; whether it was accepted."""
        return self.courier.send(spans, len(spans))

    @staticmethod
    def clean(spans: Sequence[ReadableSpan]) -> Sequence[ReadableSpan]:
        """Give what may leave: these, which the processor has cleaned."""
        return spans

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing: nothing is kept here."""
        del timeout_millis
        return True

    def shutdown(self) -> None:
        """Do nothing: connections end with the process."""


class LogDelivery(LogRecordExporter):
    """Log records to the collector, as far as the content policy lets them pass."""

    def __init__(self, courier: Courier[Sequence[ReadableLogRecord]], content: ContentPolicy) -> None:
        self.courier = courier
        self._content = content

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Deliver a batch."""
        return LogRecordExportResult.SUCCESS if self.send(self.clean(batch)) else LogRecordExportResult.FAILURE

    def send(self, records: Sequence[ReadableLogRecord]) -> bool:
        """Deliver a batch that is clean; whether it was accepted."""
        return self.courier.send(records, len(records))

    def clean(self, batch: Sequence[ReadableLogRecord]) -> Sequence[ReadableLogRecord]:
        """Give what may leave."""
        return [self._content.log(record) for record in batch]

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        """Do nothing: nothing is kept here."""
        del timeout_millis
        return True

    def shutdown(self) -> None:
        """Do nothing: connections end with the process."""


class MetricDelivery(MetricExporter):
    """Metrics to the collector.

    An export that fails loses nothing while another follows: counters and histograms are cumulative. `undelivered`
    is the number of points that the collector has not got the newest values of.
    """

    def __init__(self, courier: Courier[MetricsData]) -> None:
        super().__init__()
        self.courier = courier
        self.undelivered = 0

    def export(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,
        **kwargs: Any,  # noqa: ANN401
    ) -> MetricExportResult:
        """Deliver a collection."""
        del timeout_millis, kwargs
        self.undelivered = points = points_of(metrics_data)
        if not self.courier.send(metrics_data, points):
            return MetricExportResult.FAILURE
        self.undelivered = 0
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Do nothing: nothing is kept here."""
        del timeout_millis
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:  # noqa: ANN401
        """Do nothing: connections end with the process."""


def deliveries(settings: Settings, health: DeliveryHealth) -> tuple[SpanDelivery, MetricDelivery, LogDelivery]:
    """Build the three; nothing is connected yet."""
    grpc = settings.protocol == "grpc"
    if grpc and not _has_grpc():
        _log.warning(
            "OTEL_EXPORTER_OTLP_PROTOCOL=grpc, but the gRPC exporter is not installed: sending OTLP over HTTP to port "
            "4318 instead (pip install 'heliograph[grpc]' for gRPC)"
        )

    def courier(signal: Signal, patience: float, *, keeps: bool = False) -> Courier[Any]:
        return Courier(
            signal, lambda session: _exporter(settings, signal, session), health, patience=patience, keeps=keeps
        )

    return (
        SpanDelivery(courier("traces", PATIENCE)),
        MetricDelivery(courier("metrics", 0.0, keeps=True)),
        LogDelivery(courier("logs", PATIENCE), settings.content),
    )


def spool(settings: Settings, health: DeliveryHealth) -> Spool | None:
    """Build the spool, if one is asked for and this system has locks of files; nothing is written yet."""
    if settings.spool is None:
        return None
    try:
        from heliograph.telemetry._spool import Spool
        from heliograph.telemetry._spool._sending import Resender, divider
    except ModuleNotFoundError:
        _log.warning("a telemetry spool needs fcntl, which this system lacks: telemetry is kept in memory only")
        return None

    def courier(signal: Signal) -> Courier[Any]:
        def make(session: OneAttemptSession) -> Resender:
            nothing: object = MetricsData([]) if signal == "metrics" else []
            return Resender(_exporter(settings, signal, session), session, nothing)

        return Courier(signal, make, health, patience=PATIENCE, keeps=True, divide=divider(signal))

    return Spool(
        settings.spool,
        service_name(settings),
        size=settings.spool_size,
        courier=courier,
        drops=health.drops,
        bounds=settings.span_queue,
    )


def _has_grpc() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.grpc.trace_exporter") is not None
    except ModuleNotFoundError:
        return False


def _exporter(settings: Settings, signal: Signal, session: OneAttemptSession) -> Any:  # noqa: ANN401
    grpc = settings.protocol == "grpc" and _has_grpc()
    options: dict[str, Any] = {"timeout": settings.timeout, **_destination(settings, signal, grpc=grpc)}
    if grpc:
        options["channel_options"] = CHANNEL_OPTIONS
    else:
        options["session"] = session
    module, name = {
        "traces": ("trace_exporter", "OTLPSpanExporter"),
        "metrics": ("metric_exporter", "OTLPMetricExporter"),
        "logs": ("_log_exporter", "OTLPLogExporter"),
    }[signal]
    exporter = _class(module, name, grpc=grpc)(**options)
    if grpc:
        one_attempt(exporter, session)
    return exporter


def _class(module: str, name: str, *, grpc: bool) -> Any:  # noqa: ANN401
    transport = "grpc" if grpc else "http"
    return getattr(importlib.import_module(f"opentelemetry.exporter.otlp.proto.{transport}.{module}"), name)


def _destination(settings: Settings, signal: Signal, *, grpc: bool) -> dict[str, Any]:
    """Endpoint and headers, left to the exporter wherever the environment speaks."""
    said: dict[str, Any] = {}
    prefix = "OTEL_EXPORTER_OTLP"
    named = (f"{prefix}_{signal.upper()}_ENDPOINT", f"{prefix}_ENDPOINT")
    if settings.endpoint and not any(os.environ.get(name) for name in named):
        base = settings.endpoint.rstrip("/")
        said["endpoint"] = base if grpc else f"{base}/v1/{signal}"
        if grpc:
            said["insecure"] = base.startswith("http://")
    if settings.headers and not any(
        os.environ.get(name) for name in (f"{prefix}_{signal.upper()}_HEADERS", f"{prefix}_HEADERS")
    ):
        said["headers"] = dict(settings.headers)
    return said
