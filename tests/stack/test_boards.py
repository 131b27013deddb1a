"""Every query of every board has data on the real servers once the demo has run."""

from __future__ import annotations

import json
import math
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.demo._story import Demo

# What Grafana puts in for its own variables; ours (service, model, ...) stand at "All".
GRAFANA = {"__rate_interval": "1m", "__interval": "15s", "__range": "1h", "__range_s": "3600"}
SECONDS = 600.0


def _targets(panels: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for panel in panels:
        for target in panel.get("targets", []):
            yield panel["title"], target
        yield from _targets(panel.get("panels", []))


def _queries() -> Iterator[Any]:
    for board in sorted((config_root() / "dashboards" / "generated").glob("*.json")):
        for title, target in _targets(json.loads(board.read_text())["panels"]):
            if "expr" in target:
                yield pytest.param(target, id=f"{board.stem}-{title}-{target['refId']}")


def _filled_in(expression: str) -> str:
    # A 0 that stands in for "no data" would make this test pass without any.
    expression = re.sub(r"\s+or vector\(0\)", "", expression)
    return re.sub(r"\$\{?(\w+)\}?", lambda name: GRAFANA.get(name[1], ".*"), expression)


@pytest.mark.parametrize("target", _queries())
def test_panel_has_data(target: dict[str, Any], demo: Demo) -> None:
    expression = _filled_in(target["expr"])
    if target["datasource"]["type"] == "loki":
        selector = expression.replace('=~".*"', '=~".+"')  # Loki wants one matcher that cannot be empty
        assert demo.loki.lines(selector, seconds=SECONDS)
        return
    now = time.time()
    points = demo.prometheus.points(expression, start=now - SECONDS, end=now)
    assert any(math.isfinite(point.value) for point in points), expression
