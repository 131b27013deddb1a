"""OTLP's partial success: a collector that takes a request may say how many of its items it did not take.

https://opentelemetry.io/docs/specs/otlp/#partial-success
"""

from __future__ import annotations

import importlib
import logging
from typing import Any, Final

__all__ = ["rejected"]

_log = logging.getLogger(__name__)
_ANSWERS: Final = {
    "traces": ("trace", "ExportTraceServiceResponse", "rejected_spans"),
    "metrics": ("metrics", "ExportMetricsServiceResponse", "rejected_data_points"),
    "logs": ("logs", "ExportLogsServiceResponse", "rejected_log_records"),
}


def rejected(signal: str, answer: bytes) -> tuple[int, str]:
    """Read how many items an answer rejects, and why; (0, "") where it is none of OTLP's."""
    if not answer or signal not in _ANSWERS:
        return 0, ""
    package, name, field = _ANSWERS[signal]
    try:
        module: Any = importlib.import_module(f"opentelemetry.proto.collector.{package}.v1.{package}_service_pb2")
        said = getattr(module, name).FromString(answer).partial_success
    except Exception:  # noqa: BLE001 - JSON, a page, nonsense
        _log.debug("an answer could not be read", exc_info=True)
        return 0, ""
    return max(getattr(said, field), 0), said.error_message[:200]
