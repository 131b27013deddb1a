"""The stack on this machine: build, start, watch and stop the real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph._lazy import exports

if TYPE_CHECKING:
    from heliograph.stack._observe import ServerStatus
    from heliograph.stack._ports import Ports
    from heliograph.stack._stack import Stack

__all__ = ["Ports", "ServerStatus", "Stack"]

# Late: psutil belongs to the operator's tools, and `heliograph.stack._paths` is for everyone.
__getattr__ = exports(
    __name__,
    {
        "Ports": "_ports",
        "ServerStatus": "_observe",
        "Stack": "_stack",
    },
)
