"""Rate limits per model, as a bucket that refills all the time, and the headers that tell about it.

Header names and the format of `reset` follow https://platform.openai.com/docs/guides/rate-limits.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.testing._errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RateLimits", "duration"]


def duration(seconds: float) -> str:
    """Return `seconds` as the headers spell them: `17ms`, `8.64s`, `6m0s` (Go's durations)."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 2), 60)
    text = f"{rest:.2f}".rstrip("0").rstrip(".") + "s"
    return f"{int(minutes)}m{text}" if minutes else text


@dataclass(slots=True)
class _Bucket:
    limit: int
    """Per minute; also what a full bucket holds."""
    level: float
    at: float
    taken: float = 0.0
    """The share that others of the organization use all the time."""

    @property
    def room(self) -> float:
        """What is left when nobody of ours asks."""
        return self.limit * (1 - self.taken)

    def refill(self, now: float) -> None:
        self.level = min(self.room, self.level + (now - self.at) * self.limit / 60)
        self.at = now

    def seconds_until(self, level: float) -> float:
        return max(0.0, (level - self.level) * 60 / self.limit)


class RateLimits:
    """Counts requests and tokens of each model; safe to use from several threads."""

    def __init__(
        self, requests_per_minute: int, tokens_per_minute: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, dict[str, _Bucket]] = {}
        self._per_minute = {"requests": requests_per_minute, "tokens": tokens_per_minute}
        self._taken = 0.0

    def set(
        self,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        taken: float | None = None,
    ) -> None:
        """Change the limits, and the share that others use; every model starts again with what is left then."""
        with self._lock:
            if requests_per_minute is not None:
                self._per_minute["requests"] = requests_per_minute
            if tokens_per_minute is not None:
                self._per_minute["tokens"] = tokens_per_minute
            if taken is not None:
                self._taken = taken
            self._buckets.clear()

    def take(self, model: str, tokens: int) -> dict[str, str]:
        """Take one request and `tokens`; return the headers. Raises ApiError 429 and takes nothing if that is over."""
        with self._lock:
            buckets = self._of(model)
            for kind, bucket, wanted in (
                ("requests", buckets["requests"], 1),
                ("tokens", buckets["tokens"], min(tokens, buckets["tokens"].room)),
            ):
                if bucket.level < wanted:
                    raise _exceeded(model, kind, bucket, wanted, self._headers(buckets))
            buckets["requests"].level -= 1
            buckets["tokens"].level = max(0.0, buckets["tokens"].level - tokens)
            return self._headers(buckets)

    def headers(self, model: str) -> dict[str, str]:
        """Return the headers of `model` as things stand."""
        with self._lock:
            return self._headers(self._of(model))

    def _of(self, model: str) -> dict[str, _Bucket]:
        now = self._clock()
        if model not in self._buckets:
            self._buckets[model] = {
                kind: _Bucket(limit, limit * (1 - self._taken), now, self._taken)
                for kind, limit in self._per_minute.items()
            }
        for bucket in self._buckets[model].values():
            bucket.refill(now)
        return self._buckets[model]

    @staticmethod
    def _headers(buckets: dict[str, _Bucket]) -> dict[str, str]:
        headers = {}
        for kind, bucket in buckets.items():
            headers[f"x-ratelimit-limit-{kind}"] = str(bucket.limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(int(bucket.level))
            headers[f"x-ratelimit-reset-{kind}"] = duration(bucket.seconds_until(bucket.limit))
        return headers


def _exceeded(model: str, kind: str, bucket: _Bucket, wanted: float, headers: dict[str, str]) -> ApiError:
    wait = bucket.seconds_until(wanted)
    unit = "RPM" if kind == "requests" else "TPM"
    used = bucket.limit - int(bucket.level)
    message = (
        f"Rate limit reached for {model} in organization org-heliograph on {kind} per min ({unit}): "
        f"Limit {bucket.limit}, Used {used}, Requested {math.ceil(wanted)}. Please try again in {duration(wait)}."
    )
    after = {"retry-after": str(math.ceil(wait)), "retry-after-ms": str(math.ceil(wait * 1000))}
    return ApiError(429, message, kind=kind, code="rate_limit_exceeded", headers=headers | after)
