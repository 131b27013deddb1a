"""What happens to servers: gone at once, as a machine that loses them would have it, and back again."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from heliograph.ledger import Moment
from heliograph.stack._launch import set_stopped, wait_ready
from heliograph.stack._observe import running_supervisor
from heliograph.stack._process import send_signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heliograph.stack import Stack

__all__ = ["STORES", "away", "back", "outage"]

STORES = ("prometheus", "loki", "jaeger")
_SECONDS = 180.0


def away(stack: Stack, names: Sequence[str]) -> None:
    """Kill these servers at the same moment and keep them down.

    A clean stop lasts up to 20 s each (Loki), in which a server refuses, answers late or not at all: that is a part of
    other tests. Here an outage begins when it is said to begin.
    """
    state = running_supervisor(stack.workspace)
    assert state is not None
    stopped = [name for name, server in state.servers.items() if server.phase == "stopped"]
    asked = threading.Thread(
        target=set_stopped, args=(stack.workspace, [*stopped, *names]), kwargs={"timeout": _SECONDS}
    )
    asked.start()
    while asked.is_alive():
        for name in names:
            send_signal(stack.identity(name), signal.SIGKILL)
        asked.join(0.2)


def back(stack: Stack, names: Sequence[str]) -> None:
    """Start these servers again, all at once, and wait until they serve."""
    state = running_supervisor(stack.workspace)
    assert state is not None
    stopped = [name for name, server in state.servers.items() if server.phase == "stopped" and name not in names]
    set_stopped(stack.workspace, stopped, timeout=_SECONDS)
    wait_ready(stack.workspace, timeout=_SECONDS)


def outage(stack: Stack, names: Sequence[str], begin: float, end: float) -> list[Moment]:
    """Return an outage of these servers from one second of a run to another."""
    said = ", ".join(names)
    return [
        Moment(begin, f"{said} killed, and kept down", lambda: away(stack, names)),
        Moment(end, f"{said} back", lambda: back(stack, names), heals=True),
    ]
