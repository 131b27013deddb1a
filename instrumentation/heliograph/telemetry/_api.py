"""`configure`, `flush`, `shutdown` and `metrics_endpoint`."""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heliograph.errors import HeliographError
from heliograph.telemetry._settings import DEFAULT_INTERVAL, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from heliograph.guard import ContentPolicy
    from heliograph.telemetry._runtime import Runtime

__all__ = ["configure", "flush", "inherit", "metrics_endpoint", "running", "shutdown", "start_unconnected"]

_log = logging.getLogger("heliograph.telemetry")
_lock = threading.Lock()
_runtime: Runtime | None = None
_watching = False


def configure(
    service_name: str | None = None,
    *,
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
) -> None:
    """Send this process's traces, metrics and logs over OTLP, and count its model calls.

    `endpoint` is the collector's base URL (http://localhost:4318 by default); `metric_interval` is in seconds.
    `instrument` is True (the GenAI instrumentors that are installed), False, or a list of libraries such as
    ["openai"]. `prices` are prices of your own, or the name of a file that has them (docs/prices.md). Prompts and
    answers stay out of telemetry unless `capture_content` is "truncated", "full" or True, or a
    `heliograph.guard.ContentPolicy` (docs/content.md). `spool` is a folder on a local disk, for telemetry that must
    outlive a `kill -9` (docs/instrument.md, "Delivery"). `OTEL_*` environment variables win over arguments. Providers
    that the application has set up are joined, not replaced.

    Call it once, early; a second call changes nothing. It works with nothing listening, and never raises for a
    reason of telemetry's.
    """
    settings = Settings.resolve(
        service_name=service_name,
        service_version=service_version,
        environment=environment,
        endpoint=endpoint,
        headers=headers,
        metric_interval=metric_interval,
        instrument=instrument,
        capture_content=capture_content,
        prices=prices,
        resource_attributes=resource_attributes,
        spool=spool,
    )
    for warning in settings.warnings:
        _log.warning("%s", warning)
    if settings.disabled:
        _log.info("OTEL_SDK_DISABLED is true: nothing is sent")
        return
    if not _configured(settings):
        return
    if settings.metrics_port is not None:
        try:
            metrics_endpoint(settings.metrics_port, settings.metrics_addr)
        except HeliographError as error:
            _log.warning("%s", error)


def flush(timeout: float = 5.0) -> bool:
    """Send what is waiting; True when all of it was delivered within `timeout` seconds."""
    runtime = _runtime
    return runtime.flush(timeout) if runtime is not None else True


def shutdown(timeout: float = 5.0) -> None:
    """Send what is waiting within `timeout` seconds and stop. It happens by itself when the process ends."""
    runtime = _runtime
    if runtime is not None:
        runtime.close(timeout)


def metrics_endpoint(port: int = 9464, addr: str = "127.0.0.1") -> int:
    """Serve the metrics at http://addr:port/metrics, for Prometheus to scrape; return the port (0 chooses one).

    Push or pull, not both: from here on metrics are no longer pushed. Traces and logs still are. Configures the
    process with defaults if `configure` has not been called. Raises HeliographError when the port is taken or
    the extra is missing (pip install 'heliograph[prometheus]').
    """
    from heliograph.telemetry._endpoint import serve

    if _runtime is None:
        configure()
    runtime = _runtime
    if runtime is None:
        raise HeliographError("There are no metrics to serve", why="telemetry is switched off (OTEL_SDK_DISABLED)")
    return serve(runtime.reader, port, addr)


def inherit(settings: Settings) -> None:
    """Configure a process as its parent is, unless it is configured: for children that were not forked."""
    if _runtime is None and not settings.disabled:
        _configured(settings)


def running() -> Runtime | None:
    """Give the process's runtime, None before `configure`."""
    return _runtime


def start_unconnected() -> Runtime:
    """Configure the process, if it is not, to count everything and send nothing: for tests.

    Raises what goes wrong: a test wants to know.
    """
    global _runtime  # noqa: PLW0603 - one process, one runtime
    with _lock:
        if _runtime is None:
            settings = Settings.resolve(service_name="test")
            _runtime = _start(replace(settings, exports=frozenset(), metrics_port=None, disabled=False))
        return _runtime


def _configured(settings: Settings) -> bool:
    """Start with these settings; False where there is a runtime already, or none can be."""
    global _runtime, _watching  # noqa: PLW0603 - one process, one runtime
    with _lock:
        if _runtime is not None:
            _log.info("heliograph is configured already: this call changes nothing")
            return False
        try:
            _runtime = _start(settings)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.warning("telemetry could not be set up: the application goes on without", exc_info=True)
            return False
        if not _watching:
            _watching = True
            from heliograph.telemetry import _ending, _processes, _threads

            _ending.watch(lambda: _runtime)
            _threads.follow()
            _processes.follow(_current_settings)
    return True


def _current_settings() -> Settings | None:
    return _runtime.settings if _runtime is not None else None


def _start(settings: Settings) -> Runtime:
    from heliograph.telemetry._runtime import Runtime

    watch: Any = sys.modules.get("_heliograph_watch")  # below `heliograph run`
    runtime = Runtime(settings if watch is None else watch.adapted(settings))
    from heliograph.integrations import activate

    activate(runtime)
    if watch is not None:
        watch.started(runtime)
    return runtime
