"""The targets of coverage-guided fuzzing hold for the inputs they begin with; `make fuzz-guided` grows them."""

from __future__ import annotations

import pytest

from .guided._targets import SEEDS, TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed_is_taken(target: str) -> None:
    one = TARGETS[target]()
    seeds = SEEDS[target]()
    assert seeds
    for seed in seeds:
        one(seed)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("data", [b"", b"\x00", b"j{", b"\xff" * 40])
def test_what_is_no_input_at_all_is_no_find(target: str, data: bytes) -> None:
    TARGETS[target]()(data)
