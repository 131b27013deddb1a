"""The machine that figures belong to."""

from __future__ import annotations

import os
import platform
from pathlib import Path

__all__ = ["busy", "machine"]


def machine() -> str:
    """Return one line: processor, cores, Python, system."""
    return f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def busy() -> float:
    """Return how many processes a core had to share itself among in the last minute, on average."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
