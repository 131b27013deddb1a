"""Boards in a real Grafana, where one is at hand (GRAFANA_HOME): each is loaded, and each query answered through it."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heliograph.demo._story import Demo

pytestmark = pytest.mark.skipif(not os.environ.get("GRAFANA_HOME"), reason="GRAFANA_HOME names no Grafana")

SOURCES = {"${datasource}": "prometheus", "${logs}": "loki", "${traces}": "jaeger"}
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
def grafana(demo: Demo) -> str:
    return f"http://127.0.0.1:{demo.stack.ports.grafana}"


def _get(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        pytest.fail(f"{url}: {error.code} {error.read().decode(errors='replace')[:1000]}")


@pytest.mark.parametrize("name", _boards())
def test_grafana_has_the_board(name: str, grafana: str) -> None:
    board = _boards()[name]
    loaded = _get(f"{grafana}/api/dashboards/uid/{board['uid']}")
    assert loaded["meta"]["provisioned"]
    assert [p["title"] for p in loaded["dashboard"]["panels"]] == [p["title"] for p in board["panels"]]


@pytest.mark.parametrize("target", list(_queries()))
def test_grafana_answers_the_query(target: dict[str, Any], grafana: str) -> None:
    expr = target["expr"]
    for name, value in OURS.items():
        expr = expr.replace(name, value)
    now = int(time.time() * 1000)
    source = {"type": target["datasource"]["type"], "uid": SOURCES[target["datasource"]["uid"]]}
    query = {**target, "expr": expr, "datasource": source, "intervalMs": 30_000, "maxDataPoints": 500}
    answer = _get(f"{grafana}/api/ds/query", {"queries": [query], "from": f"{now - 900_000}", "to": f"{now}"})
    result = answer["results"][target["refId"]]
    assert "error" not in result
    assert result.get("status", 200) == 200
