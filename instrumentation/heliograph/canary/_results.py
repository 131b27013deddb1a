"""What the canary found out, as metrics in Prometheus' text format.

They are scraped from the canary itself. Pushed the way that they are about, "metrics do not arrive" would not arrive.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from heliograph.canary._sight import SIGNALS
from heliograph.genai import vocabulary as v

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heliograph.canary._sight import Sighting

__all__ = ["CONTENT_TYPE", "Results"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""


class Results:
    """Counts sightings. Before the first call has been followed there is nothing to tell of what arrived."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, Sighting] = {}
        self._missed = dict.fromkeys(SIGNALS, 0)
        self._buckets = {signal: [0] * (len(v.CANARY_VISIBLE.edges) + 1) for signal in SIGNALS}
        self._sums = dict.fromkeys(SIGNALS, 0.0)

    def take(self, sightings: Sequence[Sighting]) -> None:
        """Count those of one call."""
        with self._lock:
            for one in sightings:
                self._last[one.signal] = one
                if one.seconds is None:
                    self._missed[one.signal] += 1
                    continue
                place = sum(edge < one.seconds for edge in v.CANARY_VISIBLE.edges)
                self._buckets[one.signal][place] += 1
                self._sums[one.signal] += one.seconds

    def as_dict(self) -> dict[str, Any]:
        """Return the last sighting of each signal, for a page of health."""
        with self._lock:
            return {name: {"seconds": one.seconds, "why": one.why} for name, one in sorted(self._last.items())}

    def text(self) -> str:
        """Write all of it out."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield from _head(v.CANARY_ARRIVED)
        for signal, one in sorted(self._last.items()):
            yield f'{v.prometheus_name(v.CANARY_ARRIVED)}{{signal="{signal}"}} {int(one.seconds is not None)}'
        yield from _head(v.CANARY_MISSED)
        for signal in SIGNALS:
            yield f'{v.prometheus_name(v.CANARY_MISSED)}{{signal="{signal}"}} {self._missed[signal]}'
        yield from _head(v.CANARY_VISIBLE)
        name = v.prometheus_name(v.CANARY_VISIBLE)
        for signal in SIGNALS:
            total = 0
            for edge, count in zip((*v.CANARY_VISIBLE.edges, None), self._buckets[signal], strict=True):
                total += count
                yield f'{name}_bucket{{signal="{signal}",le="{"+Inf" if edge is None else f"{edge:g}"}"}} {total}'
            yield f'{name}_sum{{signal="{signal}"}} {self._sums[signal]:.3f}'
            yield f'{name}_count{{signal="{signal}"}} {total}'


def _head(spec: v.MetricSpec) -> Iterator[str]:
    name = v.prometheus_name(spec)
    yield f"# HELP {name} {spec.description}"
    yield f"# TYPE {name} {spec.kind}"
