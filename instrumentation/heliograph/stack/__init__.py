"""The stack on this machine: build, start, watch and stop the real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.stack._observe import ServerStatus
    from heliograph.stack._ports import Ports
    from heliograph.stack._stack import Stack

__all__ = ["Ports", "ServerStatus", "Stack"]

_HOMES = {
    "Ports": "heliograph.stack._ports",
    "ServerStatus": "heliograph.stack._observe",
    "Stack": "heliograph.stack._stack",
}


def __getattr__(name: str) -> object:
    # Late: psutil belongs to the operator's tools, and `heliograph.stack._paths` is for everyone.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'heliograph.stack' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(home), name)
