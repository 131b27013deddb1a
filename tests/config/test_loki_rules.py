"""Loki itself reads the rules over logs: nothing else here knows LogQL's syntax."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from tests._ports import free_port

from heliograph.config import load, render
from heliograph.stack._build import binary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OVERRIDES = {
    "alerts": {
        "HighTenantCost": {
            "keep_firing_for": "0s",
            "overrides": [
                {"match": {"tenant": "big.*", "job": "shop"}, "warning": 100, "critical": None},
                {"match": {"model": 'a "quoted" name'}, "warning": 1, "critical": 2},
            ],
        },
        "RunawayAgent": {"steps": None},
    }
}
# name -> the rules as a file
CASES = {
    "shipped": render(load())["loki/generated/alerts.yaml"],
    "overridden": render(load().merged(OVERRIDES))["loki/generated/alerts.yaml"],
}


@pytest.fixture(scope="module")
def loki(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Start Loki alone; yield its address and the folder of its rules."""
    folder = tmp_path_factory.mktemp("loki")
    rules = folder / "rules" / "fake"
    rules.mkdir(parents=True)
    port = free_port()
    env = {
        "HELIOGRAPH_LOKI_DIR": str(folder / "data"),
        "HELIOGRAPH_LOKI_RULES": str(folder / "rules"),
        "HELIOGRAPH_LOKI_PORT": str(port),
        "HELIOGRAPH_LOKI_GRPC_PORT": str(free_port()),
    }
    command = [str(binary("loki")), f"-config.file={root}/loki/loki.yaml", "-config.expand-env=true"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, env=env, stdout=log, stderr=log) as process:
        try:
            yield f"http://127.0.0.1:{port}", rules
        finally:
            process.kill()
            shutil.rmtree(folder / "data", ignore_errors=True)


def _read(url: str) -> tuple[int, str]:
    """Ask for the rules, which Loki parses anew each time; wait while it starts."""
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url + "/loki/api/v1/rules", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            if error.code in {400, 500} or time.monotonic() > end:
                return error.code, text
        except OSError:
            assert time.monotonic() < end
        time.sleep(0.3)


@pytest.mark.parametrize("name", CASES)
def test_loki_reads_the_rules(loki: tuple[str, Path], name: str) -> None:
    url, rules = loki
    (rules / "alerts.yaml").write_text(CASES[name], encoding="utf-8")
    status, text = _read(url)
    assert status == 200, text
    read = YAML(typ="safe").load(text)["alerts.yaml"]
    written = YAML(typ="safe").load(CASES[name])["groups"]
    assert [rule["alert"] for group in read for rule in group["rules"]] == [
        rule["alert"] for group in written for rule in group["rules"]
    ]


def test_what_reads_an_hour_is_evaluated_once_a_minute() -> None:
    groups = {name: YAML(typ="safe").load(text)["groups"] for name, text in CASES.items()}
    assert {group["name"]: group["interval"] for group in groups["shipped"]} == {
        "heliograph-agents": "15s",
        "heliograph-users": "60s",
        "heliograph-tenants": "60s",
    }


def test_loki_notices_a_mistake(loki: tuple[str, Path]) -> None:
    url, rules = loki
    (rules / "alerts.yaml").write_text(CASES["shipped"].replace("| unwrap ", "| wrap "), encoding="utf-8")
    status, text = _read(url)
    assert status == 400
    assert "alerts.yaml" in text


def test_loki_knows_no_keep_firing_for(loki: tuple[str, Path]) -> None:
    """Should it learn the key one day, the rules need not look back themselves."""
    url, rules = loki
    groups: Any = {"groups": [{"name": "g", "rules": [_rule()]}]}
    (rules / "alerts.yaml").write_text(json.dumps(groups), encoding="utf-8")
    status, text = _read(url)
    assert status == 200, text
    assert "keep_firing_for" not in text


def _rule() -> dict[str, str]:
    return {"alert": "A", "expr": 'sum(count_over_time({a="b"}[1m])) > 0', "for": "1m", "keep_firing_for": "5m"}
