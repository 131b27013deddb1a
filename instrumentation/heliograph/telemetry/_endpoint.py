"""`/metrics`: the same metrics for a direct scrape, in OpenMetrics with exemplars.

OpenTelemetry's own Prometheus exporter drops exemplars and appends units, so this renders the SDK's points itself.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heliograph.telemetry._reader import PushOrPullReader

__all__ = ["serve"]

_log = logging.getLogger("heliograph.telemetry")


def serve(reader: PushOrPullReader, port: int, addr: str) -> int:
    """Serve `reader`'s metrics on a thread; return the port."""
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ModuleNotFoundError:
        raise HeliographError(
            "The metrics endpoint needs prometheus-client",
            why="the extra is not installed",
            hint="pip install 'heliograph[prometheus]'",
        ) from None
    from heliograph.telemetry._openmetrics import families

    class Collector:
        def collect(self) -> Iterable[Any]:
            return families(reader.pull())

        def describe(self) -> Iterable[Any]:
            return []

    registry = CollectorRegistry()
    registry.register(Collector())
    try:
        server, _ = start_http_server(port, addr=addr, registry=registry)
    except (OSError, OverflowError) as error:
        raise HeliographError(
            f"The metrics endpoint cannot listen on {addr}:{port}",
            why=str(error),
            hint="choose another port: heliograph.metrics_endpoint(port=...) or HELIOGRAPH_METRICS_PORT; "
            "worker processes need one each",
        ) from None
    if reader.pushes:
        _log.info("metrics are served at http://%s:%d/metrics and no longer pushed", addr, server.server_port)
    reader.stop_pushing()
    return int(server.server_port)
