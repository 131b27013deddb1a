"""Where things are: the configuration that ships with Heliograph, and what a running stack writes."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_root", "config_root", "state_root"]

_PACKAGE = Path(__file__).resolve().parent.parent


def config_root() -> Path:
    """Return the folder that holds `collector/`, `prometheus/`, ..., `heliograph.yaml`.

    In a checkout (or an editable install) it is the repository; in an installed wheel the copy inside the package.
    """
    bundle = _PACKAGE / "_bundle"
    return bundle if bundle.is_dir() else _PACKAGE.parent.parent


def cache_root() -> Path:
    """Return the folder for what can be made again: `$HELIOGRAPH_CACHE`, else heliograph's in the user's cache."""
    if override := os.environ.get("HELIOGRAPH_CACHE"):
        return Path(override).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "heliograph"


def state_root() -> Path:
    """Return the folder for the data, logs and state of running stacks.

    `$HELIOGRAPH_STATE`, else heliograph's in the user's state folder (XDG Base Directory Specification).
    """
    if override := os.environ.get("HELIOGRAPH_STATE"):
        return Path(override).expanduser()
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "heliograph"
