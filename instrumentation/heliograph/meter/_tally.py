"""What the meter says of itself: plain numbers, kept where things happen, reported as metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.metrics import Observation

from heliograph._version import __version__
from heliograph.genai import vocabulary as v
from heliograph.meter._decisions import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions, MeterProvider

    from heliograph.genai.vocabulary import MetricSpec

__all__ = ["REFUSALS", "SET_ASIDE", "Tally", "report"]

REFUSALS: Final = ("malformed", "too_large", "unsupported", "overload", "storage")
"""Why a request is not taken."""
SET_ASIDE: Final = ("corrupt", "version")
"""Why a file is not used."""


@dataclass(slots=True)
class Tally:
    """Totals since the start of the process."""

    received: int = 0
    counted: int = 0
    late: int = 0
    metered_at_home: int = 0
    counted_twice: int = 0
    decided_early: int = 0
    rejected: int = 0
    folded: int = 0
    lost: int = 0
    set_aside: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(SET_ASIDE, 0)))
    # Every reason is there from the start, at zero: the first one to happen is then an increase.
    repeated: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(REASONS, 0)))
    refused: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(REFUSALS, 0)))


def report(provider: MeterProvider, tally: Tally, gauges: dict[MetricSpec, Callable[[], float | None]]) -> None:
    """Have `provider` read the tally, and the gauges, at every collection; None is no value at all."""
    meter = provider.get_meter("heliograph.meter", __version__)
    plain = {
        v.METER_RECEIVED: "received",
        v.METER_COUNTED: "counted",
        v.METER_LATE: "late",
        v.METER_AT_HOME: "metered_at_home",
        v.METER_TWICE: "counted_twice",
        v.METER_EARLY: "decided_early",
        v.METER_REJECTED: "rejected",
        v.METER_FOLDED: "folded",
        v.METER_LOST: "lost",
    }

    def total(name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _: [Observation(getattr(tally, name))]

    def by_reason(counts: Counter[str]) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _: [Observation(count, {"reason": reason}) for reason, count in sorted(counts.items())]

    def level(ask: Callable[[], float | None]) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _: [] if (value := ask()) is None else [Observation(value)]

    def counter(spec: MetricSpec, callback: Any) -> None:  # noqa: ANN401
        meter.create_observable_counter(spec.name, [callback], unit=spec.unit, description=spec.description)

    for spec, name in plain.items():
        counter(spec, total(name))
    counter(v.METER_REPEATED, by_reason(tally.repeated))
    counter(v.METER_REFUSED, by_reason(tally.refused))
    counter(v.METER_SET_ASIDE, by_reason(tally.set_aside))
    for spec, ask in gauges.items():
        meter.create_observable_gauge(spec.name, [level(ask)], unit=spec.unit, description=spec.description)
