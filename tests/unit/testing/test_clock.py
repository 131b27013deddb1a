"""The clock that tests advance by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_the_clock_goes_forward_only() -> None:
    from heliograph.testing import FakeClock

    clock = FakeClock(start=1000.0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(clock.advance, [0.25] * 8))
    assert clock.now == 1002.0
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)
