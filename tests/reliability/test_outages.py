"""Stores are away, one after the other and all at once: nothing that was acknowledged is missing afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from heliograph.config import load as load_config
from heliograph.config._types import seconds
from heliograph.ledger._plan import SERVICE
from heliograph.stack._stores import Loki

from ._faults import STORES, outage
from ._judge import assert_nothing_lost
from ._scale import SCALE

if TYPE_CHECKING:
    from heliograph.stack import Stack

    from .conftest import Books

START = 3.0  # seconds of calm, so that every stream and series has something newer than the backlog
CALM = 4.0  # seconds after the outage: the backlog meets what comes in now

# From when to when, in outages → who is away.
CASES: dict[str, dict[tuple[float, float], tuple[str, ...]]] = {
    "all at once": {(0, 1): STORES},
    **(
        {f"{store} alone": {(0, 1): (store,)} for store in STORES}
        if SCALE.long
        else {"one after the other": {(0, 0.3): ("loki",), (0.33, 0.63): ("jaeger",), (0.66, 1): ("prometheus",)}}
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_lost_while_stores_are_away(stack: Stack, books: Books, case: str) -> None:
    moments = [
        moment
        for (begin, end), stores in CASES[case].items()
        for moment in outage(stack, stores, START + begin * SCALE.outage, START + end * SCALE.outage)
    ]
    result = books(stack, START + SCALE.outage + CALM, moments)
    assert_nothing_lost(result)
    assert result.settled < SCALE.settle


def test_a_backlog_as_old_as_the_longest_outage_is_taken_and_found(stack: Stack, books: Books) -> None:
    """All stores are away, and what waits is as old as the promised outage by the time they are back."""
    promised = seconds(load_config().durability.outage)
    books(stack, 3)  # what is stored by then is newer than the backlog
    result = books(stack, 1 + SCALE.outage / 2, outage(stack, STORES, 1, 1 + SCALE.outage / 2), shift=-promised)
    assert_nothing_lost(result)
    # Also by a question that is only about the past: it must reach what Loki has not written to its store yet.
    begin = result.started - promised
    query = f'sum(count_over_time({{service_name="{SERVICE}"}}[1h]))'
    counted = Loki(stack.urls["loki"]).points(query, start=begin, end=begin + SCALE.outage + 60, step=10)
    assert max((point.value for point in counted), default=0) >= result.signals["logs"].stored
