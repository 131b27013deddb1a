"""What holds for all unit tests."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(scope="module", autouse=True)
def _quick_collections() -> None:
    """Take what is there before a module's first test out of the garbage collector's sight.

    Modules that are imported live as long as the process. A full collection would look through all of them (0.5 s), and
    tests ask for many: to see what is let go.
    """
    gc.collect()
    gc.freeze()
