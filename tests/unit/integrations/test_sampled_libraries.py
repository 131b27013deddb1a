"""Head sampling must not hide calls from the meter, however little a library says when its span starts."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision

from heliograph.telemetry._sampler import MeterAllSampler


@pytest.mark.parametrize(
    ("name", "decision"),
    [
        ("litellm_request", Decision.RECORD_ONLY),
        ("openai.response", Decision.RECORD_ONLY),
        ("GET /", Decision.DROP),
    ],
)
def test_spans_of_calls_without_attributes_at_their_start_are_recorded(name: str, decision: Decision) -> None:
    assert MeterAllSampler(ALWAYS_OFF).should_sample(None, 1, name).decision is decision
