"""What the meter says of itself: plain numbers, kept where things happen, reported as metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.metrics import Observation

from heliograph._version import __version__
from heliograph.genai.vocabulary import MetricSpec
from heliograph.meter._decisions import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions, MeterProvider

__all__ = ["OWN_METRICS", "REFUSALS", "Tally", "report"]

REFUSALS: Final = ("malformed", "too_large", "unsupported", "overload")
"""Why a request is not taken."""

RECEIVED: Final = MetricSpec("heliograph_meter_received_spans", "counter", (), "Spans that reached the meter.")
COUNTED: Final = MetricSpec("heliograph_meter_counted_calls", "counter", (), "Calls that the meter counted.")
LATE: Final = MetricSpec(
    "heliograph_meter_late_calls",
    "counter",
    (),
    "Of the counted calls, those that came after the wait: see llm_late_calls.",
)
REPEATED: Final = MetricSpec(
    "heliograph_meter_repeated_calls", "counter", ("reason",), "Call spans that tell of a call counted elsewhere."
)
AT_HOME: Final = MetricSpec(
    "heliograph_meter_metered_at_home",
    "counter",
    (),
    "Call spans that the application itself counted: evidence, never counted.",
)
TWICE: Final = MetricSpec(
    "heliograph_meter_counted_twice",
    "counter",
    (),
    "Calls that were counted before the span arrived which says that the application counted them.",
)
EARLY: Final = MetricSpec(
    "heliograph_meter_decided_early", "counter", (), "Calls decided before their time, since too many waited."
)
REFUSED: Final = MetricSpec(
    "heliograph_meter_refused_requests",
    "counter",
    ("reason",),
    "Requests not taken: malformed, too_large, unsupported, or overload (sent again by the collector).",
)
REJECTED: Final = MetricSpec(
    "heliograph_meter_rejected_spans", "counter", (), "Spans without a valid id: the others of their request are taken."
)
FOLDED: Final = MetricSpec(
    "heliograph_meter_folded_calls",
    "counter",
    (),
    "Calls of applications beyond the cap, counted under the service name other.",
)
LOST: Final = MetricSpec(
    "heliograph_meter_lost_events",
    "counter",
    (),
    "Events that the collector refused for good, or at the end of the process.",
)
WAITING: Final = MetricSpec("heliograph_meter_waiting_calls", "gauge", (), "Calls that wait to be decided.")
UNDELIVERED: Final = MetricSpec(
    "heliograph_meter_undelivered_events", "gauge", (), "Events that the collector has not taken yet."
)
APPLICATIONS: Final = MetricSpec(
    "heliograph_meter_applications", "gauge", (), "Applications that metrics are kept for at the moment."
)

OWN_METRICS: Final = (
    RECEIVED,
    COUNTED,
    LATE,
    REPEATED,
    AT_HOME,
    TWICE,
    EARLY,
    REFUSED,
    REJECTED,
    FOLDED,
    LOST,
    WAITING,
    UNDELIVERED,
    APPLICATIONS,
)


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
    # Every reason is there from the start, at zero: the first one to happen is then an increase.
    repeated: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(REASONS, 0)))
    refused: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(REFUSALS, 0)))


def report(provider: MeterProvider, tally: Tally, gauges: dict[MetricSpec, Callable[[], float | None]]) -> None:
    """Have `provider` read the tally, and the gauges, at every collection; None is no value at all."""
    meter = provider.get_meter("heliograph.meter", __version__)
    plain = {
        RECEIVED: "received",
        COUNTED: "counted",
        LATE: "late",
        AT_HOME: "metered_at_home",
        TWICE: "counted_twice",
        EARLY: "decided_early",
        REJECTED: "rejected",
        FOLDED: "folded",
        LOST: "lost",
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
    counter(REPEATED, by_reason(tally.repeated))
    counter(REFUSED, by_reason(tally.refused))
    for spec, ask in gauges.items():
        meter.create_observable_gauge(spec.name, [level(ask)], unit=spec.unit, description=spec.description)
