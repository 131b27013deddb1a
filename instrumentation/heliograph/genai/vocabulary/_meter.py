"""What `heliograph meter` reports of itself, under the service name heliograph-meter."""

from __future__ import annotations

from typing import Final

from heliograph.genai.vocabulary._metrics import MetricSpec

__all__ = [
    "METER_APPLICATIONS",
    "METER_AT_HOME",
    "METER_COUNTED",
    "METER_EARLY",
    "METER_FOLDED",
    "METER_LATE",
    "METER_LOST",
    "METER_METRICS",
    "METER_RECEIVED",
    "METER_REFUSED",
    "METER_REJECTED",
    "METER_REPEATED",
    "METER_SET_ASIDE",
    "METER_TWICE",
    "METER_UNDELIVERED",
    "METER_WAITING",
]

METER_RECEIVED: Final = MetricSpec("heliograph_meter_received_spans", "counter", (), "Spans that reached the meter.")
METER_COUNTED: Final = MetricSpec("heliograph_meter_counted_calls", "counter", (), "Calls that the meter counted.")
METER_LATE: Final = MetricSpec(
    "heliograph_meter_late_calls",
    "counter",
    (),
    "Of the counted calls, those that came after the wait: see llm_late_calls.",
)
METER_REPEATED: Final = MetricSpec(
    "heliograph_meter_repeated_calls", "counter", ("reason",), "Call spans that tell of a call counted elsewhere."
)
METER_AT_HOME: Final = MetricSpec(
    "heliograph_meter_metered_at_home",
    "counter",
    (),
    "Call spans that the application itself counted: evidence, never counted.",
)
METER_TWICE: Final = MetricSpec(
    "heliograph_meter_counted_twice",
    "counter",
    (),
    "Calls that were counted before the span arrived which says that the application counted them.",
)
METER_EARLY: Final = MetricSpec(
    "heliograph_meter_decided_early", "counter", (), "Calls decided before their time, since too many waited."
)
METER_REFUSED: Final = MetricSpec(
    "heliograph_meter_refused_requests",
    "counter",
    ("reason",),
    "Requests not taken: malformed, too_large, unsupported, or overload and storage (sent again by the collector).",
)
METER_REJECTED: Final = MetricSpec(
    "heliograph_meter_rejected_spans", "counter", (), "Spans without a valid id: the others of their request are taken."
)
METER_FOLDED: Final = MetricSpec(
    "heliograph_meter_folded_calls",
    "counter",
    (),
    "Calls of applications beyond the cap, counted under the service name other.",
)
METER_LOST: Final = MetricSpec(
    "heliograph_meter_lost_events",
    "counter",
    (),
    "Events that the collector refused for good, or at the end of the process.",
)
METER_SET_ASIDE: Final = MetricSpec(
    "heliograph_meter_set_aside_files",
    "counter",
    ("reason",),
    "Files of the meter that could not be used and were set aside: corrupt, or of another version.",
)
METER_WAITING: Final = MetricSpec("heliograph_meter_waiting_calls", "gauge", (), "Calls that wait to be decided.")
METER_UNDELIVERED: Final = MetricSpec(
    "heliograph_meter_undelivered_events", "gauge", (), "Events that the collector has not taken yet."
)
METER_APPLICATIONS: Final = MetricSpec(
    "heliograph_meter_applications", "gauge", (), "Applications that metrics are kept for at the moment."
)

METER_METRICS: Final = (
    METER_RECEIVED,
    METER_COUNTED,
    METER_LATE,
    METER_REPEATED,
    METER_AT_HOME,
    METER_TWICE,
    METER_EARLY,
    METER_REFUSED,
    METER_REJECTED,
    METER_FOLDED,
    METER_LOST,
    METER_SET_ASIDE,
    METER_WAITING,
    METER_UNDELIVERED,
    METER_APPLICATIONS,
)
"""Counters are there from the start, at zero: the first increase is then seen as one."""
