"""Durations as Prometheus writes them."""

from __future__ import annotations

import pytest

from heliograph.config._types import seconds


@pytest.mark.parametrize(
    ("duration", "length"),
    [("0s", 0), ("500ms", 0.5), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("1d", 86_400), ("2w", 1_209_600)],
)
def test_length(duration: str, length: float) -> None:
    assert seconds(duration) == length


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5min", "1.5h", "-5m", "5m1h", "5m5m", "5m\n"])
def test_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        seconds(text)
