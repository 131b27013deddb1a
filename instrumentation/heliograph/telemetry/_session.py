"""The HTTP session that exporters send with: one attempt a request, and its outcome told apart."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.telemetry._drops import Reason

__all__ = ["OneAttemptSession", "UndeliveredError"]

_RETRYABLE: Final = frozenset({408, 429, 500, 502, 503, 504})
_OK: Final = range(200, 300)
_BAD, _TOO_LARGE, _UNPROCESSABLE = 400, 413, 422


class UndeliveredError(Exception):
    """A request that was not accepted. `retryable` says whether the same request may be accepted later.

    `counted_as` is the reason under which its items are lost. `divisible` says that a part of it may be accepted: it
    is one item's fault, or that of their number.
    """

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool,
        retry_after: float | None = None,
        counted_as: Reason = "refused",
        divisible: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after
        self.counted_as = counted_as
        self.divisible = divisible


class OneAttemptSession(requests.Session):
    """Raises `UndeliveredError` for whatever went wrong, which the SDK's exporter does not retry.

    Retrying is the courier's: it knows when the process ends and what else waits. `remaining()` caps a request's
    time, in seconds, while the process ends. Of the last request, `asked` says whether there was one, `answer` is the
    body of the answer that accepted it. Where `instead` is set, these bytes of OTLP are sent in the place of what the
    exporter made: they are what a spool kept.
    """

    def __init__(self, remaining: Callable[[], float | None]) -> None:
        super().__init__()
        self.remaining = remaining
        self.failure: UndeliveredError | None = None
        self.asked = False
        self.answer = b""
        self.instead: bytes | None = None

    def forget(self) -> None:
        """Make ready for another request."""
        self.failure, self.asked, self.answer = None, False, b""

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str | bytes,
        *,
        headers: Any = None,  # noqa: ANN401 - of requests' own kinds
        timeout: float | None = None,
        **kwargs: Any,  # noqa: ANN401 - the exporters pass everything else by keyword
    ) -> requests.Response:
        """Send once."""
        self.forget()
        self.asked = True
        remaining = self.remaining()
        if remaining is not None:
            timeout = max(min(timeout or remaining, remaining), 0.05)
        if self.instead is not None:
            kwargs["data"] = _compressed(self.instead, (headers or {}).get("Content-Encoding"))
        try:
            response = super().request(method, url, headers=headers, timeout=timeout, **kwargs)
        except Exception as error:
            self.failure = UndeliveredError(_plain(error), retryable=True)
            raise self.failure from error
        status = response.status_code
        # A redirection is none: the exporters do not follow it, so that nobody has taken anything.
        if status in _OK:
            self.answer = response.content
            return response
        self.failure = UndeliveredError(
            f"HTTP {status} {response.reason}",
            retryable=status in _RETRYABLE,
            retry_after=_seconds(response.headers.get("Retry-After")),
            counted_as="too_large" if status == _TOO_LARGE else "refused",
            divisible=status in {_BAD, _TOO_LARGE, _UNPROCESSABLE},
        )
        raise self.failure


def _compressed(data: bytes, encoding: str | None) -> bytes:
    if encoding == "gzip":
        import gzip

        return gzip.compress(data)
    if encoding == "deflate":
        import zlib

        return zlib.compress(data)
    return data


def _plain(error: BaseException) -> str:
    """Say the innermost cause: "Connection refused" rather than three nested representations."""
    seen: BaseException = error
    for _ in range(8):
        inner = getattr(seen, "reason", None) or seen.__cause__ or seen.__context__
        if not isinstance(inner, BaseException):
            break
        seen = inner
    return (getattr(seen, "strerror", None) or str(seen) or type(seen).__name__)[:200]


def _seconds(given: str | None) -> float | None:
    if given is None:
        return None
    with contextlib.suppress(ValueError):
        return min(max(float(given), 0.0), 60.0)
    from email.utils import parsedate_to_datetime

    with contextlib.suppress(TypeError, ValueError):
        return min(max(parsedate_to_datetime(given).timestamp() - time.time(), 0.0), 60.0)
    return None
