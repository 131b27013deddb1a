"""What `heliograph canary` sends and finds out: names of their own, so that no figure of a user's holds them."""

from __future__ import annotations

from typing import Final

from heliograph.genai.vocabulary._metrics import SECONDS, MetricSpec
from heliograph.genai.vocabulary._spec import AttributeSpec

__all__ = [
    "CANARY",
    "CANARY_ARRIVED",
    "CANARY_CALLS",
    "CANARY_METRICS",
    "CANARY_MISSED",
    "CANARY_VISIBLE",
]

CANARY: Final = AttributeSpec(
    "heliograph.canary",
    "True on the spans of `heliograph canary`, which no user asked for. Whoever samples traces keeps all of these.",
    "boolean",
)

CANARY_CALLS: Final = MetricSpec(
    "heliograph_canary_calls",
    "counter",
    (),
    "Calls that the canary made. It is what is sent: its exemplar is looked for.",
    exemplars=True,
)
CANARY_ARRIVED: Final = MetricSpec(
    "heliograph_canary_arrived",
    "gauge",
    ("signal",),
    "Whether the last call of the canary was found in time: 1 or 0. signal is traces, metrics or logs.",
)
CANARY_MISSED: Final = MetricSpec(
    "heliograph_canary_missed", "counter", ("signal",), "Calls of the canary that were not found in time."
)
CANARY_VISIBLE: Final = MetricSpec(
    "heliograph_canary_visible",
    "histogram",
    ("signal",),
    "Time from a call of the canary until its store answers with it; of calls that were found.",
    unit="s",
    edges=SECONDS,
)

CANARY_METRICS: Final = (CANARY_CALLS, CANARY_ARRIVED, CANARY_MISSED, CANARY_VISIBLE)
"""The first one is pushed, as an application's metrics are; the others are scraped from the canary itself, so that they
arrive when what is pushed does not."""
