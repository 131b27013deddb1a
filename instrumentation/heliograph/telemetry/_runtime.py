"""Everything one configured process runs: providers, processors, the reader, the bridge from logging, and their end."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.metrics import CallbackOptions, Observation

from heliograph.genai import _sink
from heliograph.genai import vocabulary as v
from heliograph.genai._line import MeteringLine
from heliograph.genai._meter import CallMeter
from heliograph.genai._prices import Prices
from heliograph.genai._processor import GenAIProcessor
from heliograph.genai._run import RUNS
from heliograph.guard import failures, forget_failures
from heliograph.telemetry import _joining
from heliograph.telemetry._bridge import LogBridge
from heliograph.telemetry._exporters import deliveries, spool
from heliograph.telemetry._fork import LATE_IMPORTS, renew_providers
from heliograph.telemetry._health import DeliveryHealth, quieten_sdk
from heliograph.telemetry._outboxes import LimitWatch, LogOutbox, SpanOutbox
from heliograph.telemetry._reader import PushOrPullReader
from heliograph.telemetry._resource import build_resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from heliograph.telemetry._exporters import LogDelivery, SpanDelivery
    from heliograph.telemetry._outbox import Bounds
    from heliograph.telemetry._settings import Settings, Signal

__all__ = ["Runtime"]

_log = logging.getLogger("heliograph.telemetry")
PROMPT: Final = 0.02
"""Seconds between a call's end and its metering where there is a spool: what is not in it yet is lost by `kill -9`."""
SPOOL_DELAY: Final = 0.005
"""Seconds that what is finished may wait for more to be written to the spool with it."""


class Runtime:
    """One process's telemetry, from `configure` to the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.health = DeliveryHealth(settings.shown_endpoint)
        self._undo_quiet = quieten_sdk(self.health)
        self._ended: float | None = None
        self._closer: int | None = None
        self._closed = threading.Event()
        resource = build_resource(settings)
        spans, numbers, logs = deliveries(settings, self.health)
        self._spool = spool(settings, self.health)
        self._couriers = [spans.courier, numbers.courier, logs.courier, *(self._spool.couriers if self._spool else ())]
        self._numbers = numbers

        self.line = MeteringLine(pause=PROMPT) if self._spool else MeteringLine()
        self.reader = PushOrPullReader(
            numbers if "metrics" in settings.exports and settings.metrics_port is None else None,
            settings.metric_interval,
            self._spool,
        )
        self.meters, self._own_meters = _joining.meter_provider(resource, self.reader, settings.shown_endpoint)

        self.loggers, self._own_loggers = _joining.logger_provider(resource)
        self._logs: LogOutbox | None = None
        if "logs" in settings.exports and not (
            not self._own_loggers and _joining.sends_to(self.loggers, settings.shown_endpoint)
        ):
            self._logs = LogOutbox(*self._way("logs", logs, settings.log_queue), self.health.drops)
            self.loggers.add_log_record_processor(self._logs)

        self.meter = CallMeter(
            self.meters, self.loggers, prices=Prices.from_environment(settings.prices), line=self.line
        )
        self.tracers, self._own_tracers = _joining.tracer_provider(resource)
        self._spans: SpanOutbox | None = None
        if "traces" in settings.exports and not (
            not self._own_tracers and _joining.sends_to(self.tracers, settings.shown_endpoint)
        ):
            self._spans = SpanOutbox(*self._way("traces", spans, settings.span_queue), self.health.drops)
            if self.tracers is not None:
                self.tracers.add_span_processor(LimitWatch(self.health.drops))
        self.processor = GenAIProcessor(self.meter, self._spans, content=settings.content)
        if self.tracers is not None:
            self.tracers.add_span_processor(self.processor)

        self.bridge = LogBridge(self.loggers)
        if "logs" in settings.exports:
            self.bridge.attach()
        self._observe()
        _sink.install(self.meter)
        self.reader.start()
        if self._spool is not None:
            self._spool.start()

    def _way(
        self, signal: Signal, delivery: SpanDelivery | LogDelivery, bounds: Bounds
    ) -> tuple[Callable[[Sequence[Any]], object], Bounds]:
        """Give what an outbox delivers to, and its bounds: the collector or, as soon as may be, the spool."""
        if self._spool is None:
            return delivery.export, bounds
        write = self._spool.writer(signal, delivery.send)
        return lambda batch: write(delivery.clean(batch)), replace(bounds, delay=SPOOL_DELAY, eager=True)

    def flush_local(self) -> None:
        """Have everything that has ended counted and its span finished, within this process; nothing is sent."""
        _end_left_streams()
        self.line.settle()

    def flush(self, timeout: float) -> bool:
        """Send what is there; whether all of it went out within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        for courier in self._couriers:
            courier.nudge()
        done: list[bool] = []

        def work() -> None:
            _end_left_streams()
            self.line.settle()
            for part in (self._spans, self._logs, self.reader):
                if part is not None:
                    part.force_flush(max(int((deadline - time.monotonic()) * 1000), 1))
            kept = self._spool is None or self._spool.flush(max(deadline - time.monotonic(), 0.0))
            self._flush_joined()
            done.append(kept and not self.health.down)

        _within(timeout, work)
        return bool(done) and done[0]

    def close(self, timeout: float, *, clean: bool = True) -> None:
        """Send what is left within `timeout` seconds, and stop. Runs once; a second caller waits for the first.

        The batch processors' threads deliver; should the collector not answer, the couriers give up at the
        deadline, so that the process ends on time.
        """
        if self._closer is not None:
            if not self.closing_here:
                self._closed.wait(timeout)
            return
        self._closer = threading.get_ident()
        try:
            self._close(timeout, clean=clean)
        finally:
            self._closed.set()

    @property
    def closing_here(self) -> bool:
        """Whether this thread is in the middle of closing."""
        return self._closer == threading.get_ident() and not self._closed.is_set()

    def _close(self, timeout: float, *, clean: bool) -> None:
        started = time.monotonic()
        deadline = started + timeout
        self.bridge.detach()
        _within(min(timeout / 2, 2.0), lambda: _flush_langsmith(min(timeout / 2, 2.0)))
        _end_left_streams()
        self.line.close()
        if clean:
            self._ended = time.time()
        for courier in self._couriers:
            courier.close(deadline)
        for part in (self._spans, self._logs):
            if part is not None:
                part.outbox.close(max(deadline - time.monotonic(), 0.0))
        self.reader.shutdown(max((deadline - time.monotonic()) * 1000, 1))
        if self._spool is not None:
            self._spool.close(deadline)
        if self._spool is None or not self._spool.keeps_metrics:
            self.health.lost("metrics", "process_end", self._numbers.undelivered)
        _within(max(deadline - time.monotonic(), 0.1), self._flush_joined)
        if self._spool is not None:
            self._spool.leave()
        _sink.install(None)
        self._undo_quiet()
        self.health.drops.say()

    def _flush_joined(self) -> None:
        """Have the application's own providers send, which SIGTERM would end unasked; ours have sent."""
        for provider, own in (
            (self.tracers, self._own_tracers),
            (self.meters, self._own_meters),
            (self.loggers, self._own_loggers),
        ):
            if provider is not None and not own:
                provider.force_flush(int(self.settings.exit_timeout * 1000))

    @property
    def unforkable_requests(self) -> list[threading.Lock]:
        """Locks of requests to the collector within which the process must not fork: those over gRPC."""
        return [courier.landed for courier in self._couriers] if self.settings.protocol == "grpc" else []

    def after_fork(self) -> None:
        """Make the child of a fork its own instance: fresh counters, connections, locks and ids."""
        self._ended = None
        if self._closer is not None:
            self._closed = threading.Event()
            self._closed.set()
        LATE_IMPORTS.lock = threading.Lock()
        self.line.after_fork()
        forget_failures()
        self.health.after_fork()
        for courier in self._couriers:
            courier.after_fork()
        if self._spool is not None and self._closer is None:
            self._spool.after_fork()
        for part in (self._spans, self._logs):
            if part is not None:
                part.outbox.after_fork()
        renew_providers(self.tracers, self.meters, self.loggers)
        self.processor.after_fork()
        self.meter.after_fork()
        RUNS.after_fork()
        self.reader.after_fork()

    def _observe(self) -> None:
        instruments = self.meter.instruments

        def heartbeat(_: CallbackOptions) -> Iterable[Observation]:
            # Asked before any reader, also one of the application's, looks at counters and histograms.
            self.line.settle()
            return [Observation(self._ended if self._ended is not None else time.time())]

        def clean_exit(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(self._ended)] if self._ended is not None else []

        def sessions(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(self.meter.sessions.count())]

        def price_age(_: CallbackOptions) -> Iterable[Observation]:
            age = self.meter.prices.age_seconds() if self.meter.warmed else None
            return [] if age is None else [Observation(age)]

        def redaction_failures(_: CallbackOptions) -> Iterable[Observation]:
            failed = failures()
            return [Observation(failed)] if failed else []

        def dropped(_: CallbackOptions) -> Iterable[Observation]:
            return [
                Observation(count, {"signal": signal, "reason": reason})
                for (signal, reason), count in self.health.drops.counts().items()
            ]

        instruments.observe(v.DROPPED, dropped)
        instruments.observe(v.PRICE_AGE, price_age)
        instruments.observe(v.REDACTION_FAILURES, redaction_failures)
        instruments.observe(v.HEARTBEAT, heartbeat)
        instruments.observe(v.CLEAN_EXIT, clean_exit)
        instruments.observe(v.ACTIVE_SESSIONS, sessions)


def _within(timeout: float, work: Callable[[], None]) -> None:
    """Run `work` on a thread for at most `timeout` seconds; on this one where threads can start no more."""

    def safely() -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a flush failed", exc_info=True)

    thread = threading.Thread(target=safely, name="heliograph-flush", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the interpreter is ending (Python 3.12 and later)
        safely()
        return
    thread.join(timeout)


def _flush_langsmith(timeout: float) -> None:
    """Have LangSmith's client send the copies that it holds: an end by SIGTERM does not run its own exit."""
    module: Any = sys.modules.get("langsmith.run_trees")
    client = getattr(module, "_CLIENT", None)
    if client is not None:
        with contextlib.suppress(Exception):
            client.flush(timeout)


def _end_left_streams() -> None:
    """End the calls of streams whose loops were left: they wait some seconds for a caller who may read on."""
    module: Any = sys.modules.get("heliograph.integrations.openai._left")
    if module is not None:
        with contextlib.suppress(Exception):
            module.settle()
