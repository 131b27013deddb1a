"""What the SDK leaves to do in a forked child.

It restarts its own threads and renews its own locks. But the child keeps its parent's instance id and its
parent's counts, so that both would report them: the aggregations start anew here.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from opentelemetry.sdk.metrics._internal.metric_reader_storage import MetricReaderStorage

from heliograph.telemetry._resource import forked_instance

__all__ = ["renew_providers"]

_log = logging.getLogger(__name__)


def renew_providers(tracers: Any, meters: Any, loggers: Any) -> None:  # noqa: ANN401
    """Give the providers (None: not ours to touch) a fresh instance id, and the meters fresh counts.

    The SDK has no public way to do it. Should its inside change, telemetry goes on with what it has.
    """
    fresh = None
    for provider in (tracers, loggers, meters):
        try:
            if provider is None:
                continue
            if fresh is None:
                resource = getattr(provider, "resource", None) or provider._resource  # noqa: SLF001
                fresh = forked_instance(resource)
            provider._update_resource(fresh)  # noqa: SLF001
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a provider kept its parent's resource", exc_info=True)
    if meters is not None:
        try:
            _restart_counts(meters)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("the child kept its parent's counts", exc_info=True)


def _restart_counts(meters: Any) -> None:  # noqa: ANN401
    consumer = meters._measurement_consumer  # noqa: SLF001
    consumer._lock = threading.Lock()  # noqa: SLF001
    consumer._reader_storages = {  # noqa: SLF001
        reader: MetricReaderStorage(
            consumer._sdk_config,  # noqa: SLF001
            reader._instrument_class_temporality,  # noqa: SLF001
            reader._instrument_class_aggregation,  # noqa: SLF001
            reader._instrument_class_cardinality_limit,  # noqa: SLF001
        )
        for reader in consumer._reader_storages  # noqa: SLF001
    }
