"""Where a command line finds the servers of a stack that runs on this machine."""

from __future__ import annotations

from heliograph.stack._paths import state_root
from heliograph.stack._plan import PLAN, read_plan
from heliograph.stack._ports import Ports

__all__ = ["address"]


def address(offset: int, server: str) -> str:
    """Return the base URL of a server (a field of `Ports`): with TLS when the stack at this offset is exposed.

    It need not run, nor have been started by `heliograph up`: one in Docker has the same ports.
    """
    plan = read_plan(state_root() / f"stack-{offset}" / PLAN)
    port = getattr(Ports.at(offset), server)
    if plan is None or not plan.exposed:
        return f"http://127.0.0.1:{port}"
    from heliograph.secure._overlay import Exposed

    host = Exposed(**plan.exposed).asked if server in {"prometheus", "alertmanager", "jaeger", "grafana"} else None
    return f"{'http' if server.startswith('inbox') else 'https'}://{host or '127.0.0.1'}:{port}"
