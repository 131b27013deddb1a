"""The queries of the generated boards, as a browser sends them with every variable at "All"."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Query", "queries"]


@dataclass(frozen=True)
class Query:
    """One query of a panel: `expr` in PromQL, `is_range` False for a single moment."""

    board: str
    panel: str
    expr: str
    is_range: bool


def queries(*, range_seconds: int, step: int) -> Iterator[Query]:
    """Yield every Prometheus query of every board, for a range and a step in seconds."""
    # Grafana: four times the scrape interval, or the step and one scrape interval, whichever is longer.
    rate = max(4 * 15, step + 15)
    filled = {"__rate_interval": f"{rate}s", "__interval": f"{step}s", "__range": f"{range_seconds}s"}
    filled |= {"__range_s": str(range_seconds), "__interval_ms": str(1000 * step)}
    for path in sorted((config_root() / "dashboards" / "generated").glob("*.json")):
        board = json.loads(path.read_text("utf-8"))
        for panel, target in _targets(board["panels"]):
            if "expr" in target and target["datasource"]["type"] == "prometheus":
                expr = re.sub(r"\$\{?(\w+)(:\w+)?\}?", lambda found: filled.get(found[1], ".*"), target["expr"])
                yield Query(path.stem, panel, expr, is_range=not target.get("instant", False))


def _targets(panels: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for panel in panels:
        for target in panel.get("targets", []):
            yield panel["title"], target
        yield from _targets(panel.get("panels", []))
