"""A courier that tests of the spool look into, and spans as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags

from heliograph.telemetry._spool._sending import total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heliograph.telemetry._spool._sending import Kept


MEGABYTE = 1_000_000


class Carrier:
    """Plays a courier: what it was sent, and whether it takes anything."""

    def __init__(self) -> None:
        self.up = True
        self.sent: list[bytes] = []
        self.ending = False

    def send(self, batch: Sequence[Kept], size: int) -> bool:
        assert size == total(batch)
        if self.up:
            self.sent += [record.read() for record in batch]
        return self.up

    def nudge(self) -> None: ...

    def after_fork(self) -> None: ...

    def close(self, deadline: float) -> None:
        del deadline
        self.ending = True


def spans(*names: str) -> list[ReadableSpan]:
    context = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return [ReadableSpan(name, context, start_time=1, end_time=2) for name in names]


def names_in(payload: bytes) -> list[str]:
    request = ExportTraceServiceRequest.FromString(payload)
    return [span.name for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
