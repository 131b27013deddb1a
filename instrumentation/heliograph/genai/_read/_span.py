"""What a span must have to be read: the SDK's spans have it, and so do the meter service's light ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.trace import StatusCode

__all__ = ["Named", "Readable"]


class _Event(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def attributes(self) -> Mapping[str, Any] | None: ...


class _Status(Protocol):
    @property
    def status_code(self) -> StatusCode: ...

    @property
    def description(self) -> str | None: ...


class _Scope(Protocol):
    @property
    def name(self) -> str: ...


class Readable(Protocol):
    """A finished span. Times are nanoseconds since the epoch."""

    @property
    def attributes(self) -> Mapping[str, Any] | None: ...

    @property
    def events(self) -> Sequence[_Event]: ...

    @property
    def status(self) -> _Status: ...

    @property
    def start_time(self) -> int | None: ...

    @property
    def end_time(self) -> int | None: ...

    @property
    def instrumentation_scope(self) -> _Scope | None: ...


class Named(Readable, Protocol):
    """A finished span with its name: of a tool, it may be all that names it."""

    @property
    def name(self) -> str: ...
