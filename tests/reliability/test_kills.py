"""`kill -9`, again and again, under load and in the middle of an outage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from heliograph.ledger import Moment

from ._faults import STORES, outage
from ._judge import assert_nothing_lost
from ._scale import SCALE

if TYPE_CHECKING:
    from heliograph.stack import Stack

    from .conftest import Books

BETWEEN = 10.0
"""Seconds from one kill of the collector to the next: it is up again, and has sent something."""
SERVING = 5.0
"""Seconds within which a killed collector takes records again."""


def test_a_collector_that_is_killed_again_and_again_loses_nothing(stack: Stack, books: Books) -> None:
    """Half of the kills while all stores are away, so that what waits is in its queue only."""
    answered: list[float] = []
    half = (SCALE.kills + 1) // 2
    kills = [
        Moment(2 + BETWEEN * number, f"collector kill {number + 1}", lambda: answered.append(killed(stack)))
        for number in range(SCALE.kills)
    ]
    away = outage(stack, STORES, 2 + BETWEEN * half - BETWEEN / 2, 2 + BETWEEN * SCALE.kills)
    result = books(stack, 2 + BETWEEN * SCALE.kills + 2, [*kills, *away])
    assert_nothing_lost(result)
    assert len(answered) == SCALE.kills
    assert max(answered) < SERVING * (1 if SCALE.long else 3), answered  # the short form runs beside other tests


def killed(stack: Stack) -> float:
    """Kill the collector and return after how many seconds it answers again."""
    health = f"http://127.0.0.1:{stack.ports.collector_health}/"
    before = stack.identity("collector")
    stack.kill("collector")
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        try:
            with urlopen(health, timeout=1) as answer:
                if answer.status == 200 and stack.identity("collector") != before:
                    return time.monotonic() - begun
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail("the collector did not come back")


@pytest.mark.parametrize("stores", [(store,) for store in STORES] if SCALE.long else [STORES], ids="+".join)
def test_a_store_that_is_killed_under_load_loses_nothing(stack: Stack, books: Books, stores: tuple[str, ...]) -> None:
    def kill(name: str) -> Moment:
        return Moment(3 + 3 * STORES.index(name), f"{name} killed", lambda: stack.kill(name))

    assert_nothing_lost(books(stack, 14, [kill(name) for name in stores]))
