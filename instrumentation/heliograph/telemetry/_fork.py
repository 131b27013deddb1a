"""What the SDK leaves to do around a fork.

A child has its parent's memory and one thread. What another thread held in that moment, a lock or the import of a
module, is held in the child for ever: so a fork first waits for a quiet moment of our threads.

It restarts its own threads and renews its own locks. But the child keeps its parent's instance id and its
parent's counts, so that both would report them: the aggregations start anew here.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics._internal.metric_reader_storage import MetricReaderStorage

from heliograph.telemetry._resource import forked_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from heliograph.genai._line import MeteringLine

__all__ = ["LATE_IMPORTS", "quiet_moment", "renew_providers"]

_log = logging.getLogger(__name__)

PATIENCE: Final = 2.0
"""Seconds that a fork may wait: recording takes microseconds, loading prices or an exporter a second at worst."""


class _Gate:
    """A lock that a forked child can renew, since those who use it import the gate and not the lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        self._held = self.lock
        self._held.acquire()

    def __exit__(self, *_: object) -> None:
        self._held.release()


LATE_IMPORTS: Final = _Gate()
"""Held by a thread of ours while it imports. No input or output happens within."""


def quiet_moment(line: MeteringLine, requests: Iterable[threading.Lock] = ()) -> Callable[[], None]:
    """Wait until no thread of ours is recording or importing, and keep them from it; return what lets them go on.

    `requests` are held while one is under way, where a fork must not happen within: gRPC's library aborts a child
    that was forked while another thread called it.
    """
    end = time.monotonic() + PATIENCE
    held = contextlib.ExitStack()
    # In this order: whoever holds the line never waits for the gate.
    if line.pause(PATIENCE):
        held.callback(line.resume)
    if LATE_IMPORTS.lock.acquire(timeout=max(end - time.monotonic(), 0.0)):
        held.callback(LATE_IMPORTS.lock.release)
    for request in requests:
        if request.acquire(timeout=max(end - time.monotonic(), 0.0)):
            held.callback(request.release)
    return held.close


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
