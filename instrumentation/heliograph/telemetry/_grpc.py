"""One attempt per batch over gRPC, as `_session` has it for HTTP: retrying is the courier's.

The SDK's exporter tries for as long as its timeout, tells nobody in the meantime, and keeps the reason to itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heliograph.telemetry._session import UndeliveredError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CHANNEL_OPTIONS", "one_attempt"]

CHANNEL_OPTIONS: Final = (("grpc.max_reconnect_backoff_ms", 5000),)
"""By default a channel waits up to two minutes before it connects again."""

# https://opentelemetry.io/docs/specs/otlp/#failures
_RETRYABLE: Final = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)


class _OneAttemptStub:
    def __init__(self, stub: Any, remaining: Callable[[], float | None]) -> None:  # noqa: ANN401 - generated code
        self._stub = stub
        self._remaining = remaining

    def Export(self, *, timeout: float, **request: Any) -> Any:  # noqa: ANN401, N802 - the stub's own name
        """Send once; raises UndeliveredError, which the exporter does not catch."""
        import grpc

        remaining = self._remaining()
        if remaining is not None:
            timeout = max(min(timeout, remaining), 0.05)
        try:
            return self._stub.Export(timeout=timeout, **request)
        except grpc.RpcError as error:
            code = error.code().name
            raise UndeliveredError(f"{code} {error.details()}"[:200], retryable=code in _RETRYABLE) from error


def one_attempt(exporter: Any, remaining: Callable[[], float | None]) -> None:  # noqa: ANN401
    """Make an exporter of the SDK's raise `UndeliveredError` at its first failure.

    `remaining()` caps a request's time, in seconds, while the process ends. There is no public way in: an exporter
    whose inside has changed is left to itself.
    """
    if hasattr(getattr(exporter, "_client", None), "Export"):
        exporter._client = _OneAttemptStub(exporter._client, remaining)  # noqa: SLF001
