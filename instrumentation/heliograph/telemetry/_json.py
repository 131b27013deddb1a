"""JSON lines with trace and span id, for programs whose standard output is collected. Opt-in."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from opentelemetry import trace

from heliograph.telemetry._bridge import extra_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

__all__ = ["JsonFormatter", "log_json", "trace_ids"]


def trace_ids() -> dict[str, str]:
    """`trace_id` (32 hexadecimal digits) and `span_id` (16) of the current span; empty outside of any."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, trace_id and span_id, then whatever is in `extra`.

    `trace_id` and `span_id` are on every line; outside of a span they are "".
    """

    def format(self, record: logging.LogRecord) -> str:
        """Render the record; values that JSON does not know are rendered with `str`."""
        ids = trace_ids()
        line: MutableMapping[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": ids.get("trace_id", ""),
            "span_id": ids.get("span_id", ""),
        }
        for name, value in extra_of(record).items():
            line.setdefault(name, value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def log_json(level: int = logging.INFO, stream: TextIO | None = None) -> logging.Handler:
    """Log JSON lines to `stream` (standard output by default) from `level` on; return the handler.

    Handlers that the root logger already has for the same stream are replaced, so that no line comes twice.
    """
    target = stream or sys.stdout
    handler = logging.StreamHandler(target)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    for other in list(root.handlers):
        if isinstance(other, logging.StreamHandler) and other.stream is target:
            root.removeHandler(other)
    root.addHandler(handler)
    if root.level == logging.NOTSET or root.level > level:
        root.setLevel(level)
    return handler
