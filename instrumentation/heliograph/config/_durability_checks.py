"""What must hold in `durability`, and between it and what the stores keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph.config._durability import SMALLEST_QUEUE, queue_bytes
from heliograph.config._errors import Problem
from heliograph.config._look import get, length, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["durability_problems"]

_HOUR = 3600.0


def durability_problems(data: Mapping[str, object]) -> Iterator[Problem]:
    """Yield promises that the queues and the stores cannot keep."""
    outage, late, slack = (length(get(data, "durability", name)) for name in ("outage", "late", "slack"))
    if outage is None or late is None or slack is None:
        return
    most = number(get(data, "durability", "queue"))
    if most is not None and most < SMALLEST_QUEUE:
        yield Problem(
            ("durability", "queue"),
            f"{most:,.0f} bytes are filled by a few large requests",
            f"write at least {SMALLEST_QUEUE}",
        )
        return
    for signal in ("spans", "logs", "points"):
        per_second, size = (number(get(data, "durability", "load", signal, name)) for name in ("per_second", "bytes"))
        if most is None or per_second is None or size is None:
            continue
        if (needed := queue_bytes(per_second, size, outage + slack)) > most:
            held = most / (per_second * size) / _HOUR
            yield Problem(
                ("durability", "load", signal),
                f"makes {needed:,} bytes in outage + slack, and a queue takes {most:,.0f}: full after {held:.1f} h",
                f"write queue: {needed} or more (the disk must have it, for each store), or promise a shorter outage",
            )
    for store in ("prometheus", "loki"):
        kept = length(get(data, "retention", store))
        if kept is not None and kept < late + outage + slack:
            yield Problem(
                ("retention", store),
                f"is shorter than durability.late + outage + slack ({(late + outage + slack) / _HOUR:g} h): what comes "
                "late would be deleted at once",
                "keep it longer, or promise less",
            )
