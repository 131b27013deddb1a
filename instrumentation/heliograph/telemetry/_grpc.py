"""One attempt per batch over gRPC, as `_session` has it for HTTP: retrying is the courier's.

The SDK's exporter tries for as long as its timeout, tells nobody in the meantime, and keeps the reason to itself.
"""

from __future__ import annotations

from typing import Any, Final

from heliograph.telemetry._session import OneAttemptSession, UndeliveredError

__all__ = ["CHANNEL_OPTIONS", "one_attempt"]

CHANNEL_OPTIONS: Final = (("grpc.max_reconnect_backoff_ms", 5000),)
"""By default a channel waits up to two minutes before it connects again."""

# https://opentelemetry.io/docs/specs/otlp/#failures
_RETRYABLE: Final = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)


_BAD: Final = frozenset({"INVALID_ARGUMENT", "INTERNAL"})
_TOO_LARGE: Final = "larger than max"
"""What servers in Go, C++ and Python say of a message beyond their limit, under the status of a full queue."""


class _OneAttemptStub:
    def __init__(self, stub: Any, session: OneAttemptSession) -> None:  # noqa: ANN401 - generated code
        self._stub = stub
        self._session = session

    def Export(self, *, timeout: float, **request: Any) -> Any:  # noqa: ANN401, N802 - the stub's own name
        """Send once; raises UndeliveredError, which the exporter does not catch."""
        import grpc

        self._session.forget()
        self._session.asked = True
        remaining = self._session.remaining()
        if remaining is not None:
            timeout = max(min(timeout, remaining), 0.05)
        if self._session.instead is not None:
            request["request"] = type(request["request"]).FromString(self._session.instead)
        try:
            answer = self._stub.Export(timeout=timeout, **request)
        except grpc.RpcError as error:
            code, details = error.code().name, str(error.details())
            too_large = code == "RESOURCE_EXHAUSTED" and _TOO_LARGE in details
            raise UndeliveredError(
                f"{code} {details}"[:200],
                retryable=code in _RETRYABLE and not too_large,
                counted_as="too_large" if too_large else "refused",
                divisible=too_large or code in _BAD,
            ) from error
        self._session.answer = answer.SerializeToString()
        return answer


def one_attempt(exporter: Any, session: OneAttemptSession) -> None:  # noqa: ANN401
    """Make an exporter of the SDK's raise `UndeliveredError` at its first failure.

    `session` says what a request may take while the process ends, and is told the answer. There is no public way in:
    an exporter whose inside has changed is left to itself.
    """
    if hasattr(getattr(exporter, "_client", None), "Export"):
        exporter._client = _OneAttemptStub(exporter._client, session)  # noqa: SLF001
