"""The application's own `logging` records, as OTLP logs with trace and span id.

No handler is added to the root logger: with one there, a later `logging.basicConfig()` does nothing, warnings of
an unconfigured program are shown no more, and a later `dictConfig` throws it out. Instead, `Logger.callHandlers`
is observed: every record that a logger accepts passes there, whatever handlers there are.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, Final

import wrapt
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_current, get_value

from heliograph.telemetry._health import is_delivering

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry._logs import Logger, LoggerProvider

__all__ = ["LogBridge", "extra_of"]

_STANDARD: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "asctime",
    "message",
    "taskName",
    # structlog's ProcessorFormatter hangs its own state onto the record.
    "_from_structlog",
    "_logger",
    "_name",
}
# HTTP clients log each request at INFO, with its URL, which may hold a key; a model call is a span and an event
# already. The application's own handlers still get these lines.
_CHATTY: Final = frozenset({"httpcore", "httpcore2", "httpx", "httpx2", "urllib3"})
_MOST_LOGGERS: Final = 1024
_LONGEST_TRACE: Final = 16_000

# https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
_SEVERITIES: Final = (
    (logging.CRITICAL, SeverityNumber.FATAL, "FATAL"),
    (logging.ERROR, SeverityNumber.ERROR, "ERROR"),
    (logging.WARNING, SeverityNumber.WARN, "WARN"),
    (logging.INFO, SeverityNumber.INFO, "INFO"),
    (logging.DEBUG, SeverityNumber.DEBUG, "DEBUG"),
)


class LogBridge:
    """Emits records through an OpenTelemetry LoggerProvider; never raises, never blocks on the network."""

    def __init__(self, provider: LoggerProvider) -> None:
        self._provider = provider
        self._loggers: dict[str, Logger] = {}
        self._thread = threading.local()

    def attach(self) -> None:
        """See every record from now on, instead of any bridge before."""
        global _bridge, _observed  # noqa: PLW0603 - one process, one bridge
        _bridge = self
        if not _observed:
            _observed = True
            wrapt.wrap_function_wrapper(logging, "Logger.callHandlers", _observe)

    def detach(self) -> None:
        """See no more records."""
        global _bridge  # noqa: PLW0603
        if _bridge is self:
            _bridge = None

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record on, unless it was logged while telemetry is made or sent."""
        if getattr(self._thread, "busy", False) or is_delivering() or get_value(_SUPPRESS_INSTRUMENTATION_KEY):
            return
        self._thread.busy = True
        # Nothing is logged about a failure here: it would come back.
        with contextlib.suppress(Exception):
            self._logger(record.name).emit(_translate(record))
        self._thread.busy = False

    def _logger(self, name: str) -> Logger:
        logger = self._loggers.get(name)
        if logger is None:
            logger = self._provider.get_logger(name)
            if len(self._loggers) < _MOST_LOGGERS:
                self._loggers[name] = logger
        return logger


_bridge: LogBridge | None = None
_observed = False


def _observe(wrapped: Callable[..., Any], logger: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401 - the method's own result
    bridge = _bridge
    if bridge is not None:
        record = args[0] if args else kwargs["record"]
        if not _is_chatter(record) and not _is_sent_already(logger, record):
            bridge.emit(record)
    return wrapped(*args, **kwargs)


def _is_chatter(record: logging.LogRecord) -> bool:
    return record.levelno < logging.WARNING and record.name.partition(".")[0] in _CHATTY


def _is_sent_already(logger: logging.Logger | None, record: logging.LogRecord) -> bool:
    """Whether a handler of OpenTelemetry's own (`opentelemetry-instrument` adds one) will get the record."""
    while logger is not None:
        for handler in logger.handlers:
            if record.levelno >= handler.level and type(handler).__module__.startswith("opentelemetry."):
                return True
        logger = logger.parent if logger.propagate else None
    return False


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """Give what the application passed as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _translate(record: logging.LogRecord) -> LogRecord:
    number, text = SeverityNumber.TRACE, "TRACE"
    for level, candidate, said in _SEVERITIES:
        if record.levelno >= level:
            number, text = candidate, said
            break
    attributes = extra_of(record)
    message = record.msg
    if isinstance(message, dict) and "event" in message:  # structlog, rendered by its ProcessorFormatter
        attributes.update({name: value for name, value in message.items() if name != "event"})
        body = str(message["event"])
    else:
        body = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        kind, error, _ = record.exc_info
        attributes["exception.type"] = kind.__qualname__
        attributes["exception.message"] = str(error)
        attributes["exception.stacktrace"] = "".join(traceback.format_exception(*record.exc_info))[-_LONGEST_TRACE:]
    return LogRecord(
        timestamp=int(record.created * 1e9),
        observed_timestamp=time.time_ns(),
        context=get_current(),
        severity_number=number,
        severity_text=text,
        body=body,
        attributes={name: _plain(value) for name, value in attributes.items()},
    )


def _plain(value: Any) -> Any:  # noqa: ANN401
    return value if isinstance(value, (str, bool, int, float)) else str(value)
