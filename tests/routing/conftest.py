"""The real amtool."""

from pathlib import Path

import pytest

from heliograph.stack._build import binary


@pytest.fixture(scope="session")
def amtool() -> Path:
    """Return the amtool of the pinned Alertmanager."""
    return binary("amtool")
