"""Faults on purpose: which requests suffer, and from what."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from heliograph.testing._errors import ApiError, invalid, missing, wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Fault", "FaultKind", "Faults", "refusal"]

_GOLDEN = (math.sqrt(5) - 1) / 2

FaultKind = Literal["401", "429", "500", "cut", "filter", "garbage", "loop", "slow"]
"""What can go wrong.

`401`, `429`, `500`: that HTTP status. `cut`: the answer breaks off in the middle. `filter`: the answer ends early with
finish reason `content_filter`. `garbage`: status 200 and a body that is no JSON. `loop`: a model that has tools calls
the same one again and again, and never answers. `slow`: an answer that takes longer.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: `rate` is the share of requests that suffer; `seconds` how long it lasts (None: until it is taken away).

    `delay` is the added wait of a `slow` answer, `retry_after` what a `429` asks for, both in seconds. `endpoint`
    ("chat.completions", "embeddings", "responses") and `model` narrow it to some requests.
    """

    kind: FaultKind
    rate: float = 1.0
    seconds: float | None = None
    delay: float = 3.0
    retry_after: float = 1.0
    endpoint: str | None = None
    model: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Fault | None:
        """Read a control request; None stands for kind `none`. Raises ApiError 400 for anything wrong."""
        kind = str(body.get("kind", ""))
        if not kind:
            raise missing("kind")
        if kind == "none":
            return None
        if kind not in get_args(FaultKind):
            raise invalid("kind", f"one of none, {', '.join(get_args(FaultKind))} is known, not {kind!r}.")
        if unknown := set(body) - set(cls.__slots__):
            raise invalid(min(unknown), "no such setting of a fault.", code="unknown_parameter")
        for name in ("rate", "seconds", "delay", "retry_after"):
            value = body.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise wrong_type(name, "a number", value)
            if not math.isfinite(value) or value < 0 or (name == "rate" and value > 1):
                raise invalid(name, "a rate is from 0 to 1, a time in seconds is not negative.")
        settings = {name: value for name, value in body.items() if name != "kind" and value is not None}
        return cls(kind=kind, **settings)  # type: ignore[arg-type] # checked above


@dataclass(slots=True)
class _Active:
    fault: Fault
    until: float
    position: float = 0.0
    hits: int = 0


class Faults:
    """The faults that are on, at most one of a kind; safe to use from several threads.

    A rate is kept without dice, and so that it meets every pattern in the requests alike (a rule such as "every second
    one" would hit only the chat calls of an application that takes turns with embeddings): the n-th request suffers if
    the fraction of n times the golden ratio is below the rate (Weyl's equidistribution). Of 10 requests in a row at
    rate 0.3, three suffer, give or take one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._active: dict[str, _Active] = {}

    def set(self, fault: Fault) -> None:
        """Switch a fault on; it takes the place of one of its kind."""
        until = math.inf if fault.seconds is None else self._clock() + fault.seconds
        with self._lock:
            self._active[fault.kind] = _Active(fault, until)

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._active.clear()

    def active(self) -> list[tuple[Fault, int]]:
        """Return the faults that are on (`seconds`: those left) and how many requests each has hit."""
        with self._lock:
            now = self._drop_old()
            return [
                (replace(a.fault, seconds=None if a.until == math.inf else a.until - now), a.hits)
                for a in self._active.values()
            ]

    def draw(self, endpoint: str, models: tuple[str, ...]) -> dict[str, Fault]:
        """Return what one request suffers from, by kind. `models`: the requested name and the dated one."""
        drawn = {}
        with self._lock:
            self._drop_old()
            for kind, active in self._active.items():
                fault = active.fault
                if fault.endpoint not in {None, endpoint} or (fault.model is not None and fault.model not in models):
                    continue
                active.position = (active.position + _GOLDEN) % 1
                if active.position < fault.rate:
                    active.hits += 1
                    drawn[kind] = fault
        return drawn

    def _drop_old(self) -> float:
        now = self._clock()
        self._active = {kind: active for kind, active in self._active.items() if now < active.until}
        return now


def refusal(drawn: Mapping[str, Fault], model: str) -> ApiError | None:
    """Return the error that one of the drawn faults demands."""
    if "401" in drawn:
        return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
    if fault := drawn.get("429"):
        message = f"Rate limit reached for {model} in organization org-heliograph. (A fault switched on for a test.)"
        after = {
            "retry-after": str(math.ceil(fault.retry_after)),
            "retry-after-ms": str(math.ceil(fault.retry_after * 1000)),
        }
        return ApiError(429, message, kind="requests", code="rate_limit_exceeded", headers=after)
    if "500" in drawn:
        message = "The server had an error while processing your request. (A fault switched on for a test.)"
        return ApiError(500, message, kind="server_error")
    return None
