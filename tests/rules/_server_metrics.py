"""The servers' own metrics, as dashboards/lib/server_metrics.libsonnet spells them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from heliograph.stack._paths import config_root

__all__ = ["server_metrics"]


@cache
def server_metrics() -> tuple[dict[str, Any], ...]:
    """Return each metric once: name, type, unit, help, labels beside job and instance, and whether it comes `late`."""
    import rjsonnet

    text = rjsonnet.evaluate_file(str(config_root() / "dashboards/lib/server_metrics.libsonnet"))
    found: list[dict[str, Any]] = []
    pending = [json.loads(text)]
    while pending:
        node = pending.pop()
        if isinstance(node.get("name"), str):
            found.append(node)
        else:
            pending.extend(node.values())
    return tuple(sorted(found, key=lambda metric: str(metric["name"])))
