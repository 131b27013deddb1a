"""What is promised about outages, and the limits of the servers that follow from it: here, and nowhere else.

| limit | of | is |
|---|---|---|
| `window` | Prometheus: how far out of order a point may come. Loki: how far behind its stream a line may | the sum |
| `late` | the collector, how old a point may be when it comes | late |
| `queues` | the collector, bytes of each store's queue | load x (outage + slack) |

The sum is late + outage + slack: a point that was `late` already may then wait out the whole outage in a queue, or be
put back behind all others when the collector is killed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import StrictBool  # noqa: TC002 - pydantic reads the annotations

from heliograph.config._section import Section
from heliograph.config._types import Duration, Limit, Span, Whole, seconds

__all__ = ["SMALLEST_QUEUE", "Durability", "Limits", "limits", "queue_bytes"]

SMALLEST_QUEUE = 67_108_864
"""Bytes: four requests of the largest size that the collector takes. A queue that one of them fills is none."""

_FED_BY = {"prometheus": "points", "loki": "logs", "jaeger": "spans", "meter": "spans"}
_MILLION = 1_000_000


class Load(Section):
    """What all applications together send of one signal."""

    per_second: Limit
    bytes: Whole


class Loads(Section):
    """By signal."""

    spans: Load
    logs: Load
    points: Load


class Durability(Section):
    """What outlives an outage."""

    outage: Span
    late: Span
    slack: Duration
    load: Loads
    queue: Whole
    sync_writes: StrictBool


@dataclass(frozen=True)
class Limits:
    """What the servers are told."""

    window: float
    """Seconds that a point or a line may be older than the newest one stored."""
    late: float
    """Seconds that a point may be old when the collector gets it."""
    queues: dict[str, int]
    """Store → bytes."""


def limits(durability: Durability) -> Limits:
    """Return the limits that keep what `durability` promises."""
    outage, late, slack = (seconds(value) for value in (durability.outage, durability.late, durability.slack))
    loads = {name: (load.per_second, load.bytes) for name, load in durability.load}
    queues = {
        store: max(SMALLEST_QUEUE, queue_bytes(*loads[signal], outage + slack)) for store, signal in _FED_BY.items()
    }
    return Limits(late + outage + slack, late, queues)


def queue_bytes(per_second: float, size: float, time: float) -> int:
    """Return the bytes of a load over a time, rounded up to a million: nobody knows their load more exactly."""
    return math.ceil(per_second * size * time / _MILLION) * _MILLION
