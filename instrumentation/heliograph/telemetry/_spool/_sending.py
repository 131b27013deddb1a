"""Records on their way: what an exporter sends in the place of spans and log records, and how they are divided."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heliograph.telemetry._courier import Exporter
    from heliograph.telemetry._session import OneAttemptSession

__all__ = ["Kept", "Loose", "Resender", "divider", "halves", "total"]

_FIELDS: Final = {
    "traces": ("trace", "ExportTraceServiceRequest", "resource_spans", "scope_spans", "spans"),
    "logs": ("logs", "ExportLogsServiceRequest", "resource_logs", "scope_logs", "log_records"),
}


class Kept(Protocol):
    """Items that are encoded already."""

    @property
    def count(self) -> int:
        """The number of items."""

    def read(self) -> bytes:
        """Give the OTLP, as protobuf."""


@dataclass(frozen=True, slots=True)
class Loose:
    """Items in memory: of a file that was adopted, or a part of a record."""

    payload: bytes
    count: int

    def read(self) -> bytes:
        """Give the OTLP, as protobuf."""
        return self.payload


class Resender:
    """Has an exporter of the SDK send records: `nothing` is a batch without items, which `session` fills.

    The exporter's part is all the rest: the address, headers, certificates and compression. Messages of protobuf that
    stand one behind the other are one message with the items of all, so records need no decoding.
    """

    def __init__(self, exporter: Exporter[Any], session: OneAttemptSession, nothing: object) -> None:
        self._exporter = exporter
        self._session = session
        self._nothing = nothing

    def export(self, batch: Sequence[Kept], /) -> Any:  # noqa: ANN401 - the exporter's own enum
        """Send records as one request."""
        self._session.instead = b"".join([record.read() for record in batch])
        try:
            return self._exporter.export(self._nothing)
        finally:
            self._session.instead = None

    def shutdown(self) -> None:
        """Do nothing: connections end with the process."""


def total(batch: Sequence[Kept]) -> int:
    """Count the items."""
    return sum(record.count for record in batch)


def divider(signal: str) -> Callable[[Any], tuple[Any, int, Any] | None]:
    """Give what divides records of a signal, as a courier wants it."""

    def divide(batch: Sequence[Kept]) -> tuple[Sequence[Kept], int, Sequence[Kept]] | None:
        parts = batch if len(batch) > 1 else halves(signal, batch[0])
        if not parts:
            return None
        middle = len(parts) // 2
        return parts[:middle], total(parts[:middle]), parts[middle:]

    return divide


def halves(signal: str, record: Kept) -> list[Kept]:
    """Divide a record of several items; [] where it has one, or cannot be divided."""
    if record.count < 2 or signal not in _FIELDS:  # noqa: PLR2004
        return []
    package, name, *path = _FIELDS[signal]
    module: Any = importlib.import_module(f"opentelemetry.proto.collector.{package}.v1.{package}_service_pb2")
    payload, middle = record.read(), record.count // 2
    return [
        Loose(_only(getattr(module, name).FromString(payload), path, range(*bounds)), bounds[1] - bounds[0])
        for bounds in ((0, middle), (middle, record.count))
    ]


def _only(message: Any, path: Sequence[str], wanted: range) -> bytes:  # noqa: ANN401 - generated code
    """Serialize a request with those of its items alone whose number is wanted."""
    outer, middle, inner = path
    number = 0
    for resource in getattr(message, outer):
        for scope in getattr(resource, middle):
            items = getattr(scope, inner)
            first, number = number, number + len(items)
            for index in reversed(range(len(items))):
                if first + index not in wanted:
                    del items[index]
    said: bytes = message.SerializeToString()
    return said
