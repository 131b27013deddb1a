"""From the SDK's objects to OTLP's bytes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["encoders"]


@cache
def encoders() -> dict[str, Callable[[Any], bytes]]:
    """Give an encoder for each signal's batches; imports them when first asked."""
    from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
    from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    return {
        "traces": lambda batch: encode_spans(batch).SerializePartialToString(),
        "logs": lambda batch: encode_logs(batch).SerializeToString(),
        "metrics": lambda data: encode_metrics(data).SerializeToString(),
    }
