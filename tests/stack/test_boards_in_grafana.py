"""Boards in a real Grafana, where GRAFANA_HOME or GRAFANA_URL names one: each is loaded, and each query answered."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._paths import config_root

from ._grafana import Grafana, borrowed, is_at_hand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.demo._story import Demo

pytestmark = pytest.mark.skipif(not is_at_hand(), reason="neither GRAFANA_HOME nor GRAFANA_URL names a Grafana")

OURS = {"$slower_than": "0", "$costlier_than": "0", "$service": "..*"}
OURS |= {f"${name}": ".*" for name in ("environment", "model", "chain", "tenant")}


def _boards() -> dict[str, dict[str, Any]]:
    folder = config_root() / "dashboards" / "generated"
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def _queries() -> Iterator[Any]:
    for name, board in _boards().items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield pytest.param(target, id=f"{name}-{panel['title']}-{target['refId']}")


@pytest.fixture(scope="module")
def grafana(demo: Demo) -> Iterator[Grafana]:
    if address := os.environ.get("GRAFANA_URL"):
        with borrowed(address, demo.stack.ports, _boards()) as elsewhere:
            yield elsewhere
    else:
        ours = {board["uid"]: board["uid"] for board in _boards().values()}
        sources = {kind: kind for kind in ("prometheus", "loki", "jaeger")}
        yield Grafana(f"http://127.0.0.1:{demo.stack.ports.grafana}", boards=ours, sources=sources)


@pytest.mark.parametrize("name", _boards())
def test_grafana_has_the_board(name: str, grafana: Grafana) -> None:
    board = _boards()[name]
    loaded = grafana.ask(f"/api/dashboards/uid/{grafana.boards[board['uid']]}")
    assert [p["title"] for p in loaded["dashboard"]["panels"]] == [p["title"] for p in board["panels"]]


@pytest.mark.parametrize("target", list(_queries()))
def test_grafana_answers_the_query(target: dict[str, Any], grafana: Grafana) -> None:
    expr = target["expr"]
    for name, value in OURS.items():
        expr = expr.replace(name, value)
    now = int(time.time() * 1000)
    kind = target["datasource"]["type"]
    source = {"type": kind, "uid": grafana.sources[kind]}
    query = {**target, "expr": expr, "datasource": source, "intervalMs": 30_000, "maxDataPoints": 500}
    answer = grafana.ask("/api/ds/query", {"queries": [query], "from": f"{now - 900_000}", "to": f"{now}"})
    result = answer["results"][target["refId"]]
    assert "error" not in result
    assert result.get("status", 200) == 200
