"""How many examples: few and always the same in the suite, many and new ones with `HELIOGRAPH_FUZZ_EXAMPLES=20000`."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

__all__ = ["fuzz"]

_WANTED: Final = int(os.environ.get("HELIOGRAPH_FUZZ_EXAMPLES", "0"))


def fuzz(ordinarily: int) -> settings:
    """Give the settings of a test that has so many examples in the suite."""
    return settings(
        max_examples=_WANTED or ordinarily,
        derandomize=not _WANTED,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
