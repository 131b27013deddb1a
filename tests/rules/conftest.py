"""The real promtool."""

from pathlib import Path

import pytest

from heliograph.stack._build import binary


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Return the promtool of the pinned Prometheus."""
    return binary("promtool")
