"""The HTTP session that exporters send with: one attempt a request, and its outcome told apart."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OneAttemptSession", "UndeliveredError"]

_RETRYABLE: Final = frozenset({408, 429, 500, 502, 503, 504})
_OK: Final = range(200, 400)


class UndeliveredError(Exception):
    """A request that was not accepted. `retryable` says whether the same request may be accepted later."""

    def __init__(self, reason: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after


class OneAttemptSession(requests.Session):
    """Raises `UndeliveredError` for whatever went wrong, which the SDK's exporter does not retry.

    Retrying is the courier's: it knows when the process ends and what else waits. `remaining()` caps a request's
    time, in seconds, while the process ends.
    """

    def __init__(self, remaining: Callable[[], float | None]) -> None:
        super().__init__()
        self.remaining = remaining
        self.failure: UndeliveredError | None = None

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str | bytes,
        *,
        timeout: float | None = None,
        **kwargs: Any,  # noqa: ANN401 - the exporters pass everything else by keyword
    ) -> requests.Response:
        """Send once."""
        self.failure = None
        remaining = self.remaining()
        if remaining is not None:
            timeout = max(min(timeout or remaining, remaining), 0.05)
        try:
            response = super().request(method, url, timeout=timeout, **kwargs)
        except Exception as error:
            self.failure = UndeliveredError(_plain(error), retryable=True)
            raise self.failure from error
        if response.status_code in _OK:
            return response
        self.failure = UndeliveredError(
            f"HTTP {response.status_code} {response.reason}",
            retryable=response.status_code in _RETRYABLE,
            retry_after=_seconds(response.headers.get("Retry-After")),
        )
        raise self.failure


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
