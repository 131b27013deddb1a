"""A collector and three stores in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._double import Double, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def double() -> Iterator[Double]:
    with serving(Double()) as running:
        yield running
