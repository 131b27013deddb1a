"""The real tools take what `heliograph export` writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from heliograph.config import load
from heliograph.export._folder import files, write
from heliograph.export._kubernetes import manifests
from heliograph.export._pieces import pieces, yaml_text
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from pathlib import Path

Run = Any  # tests/config/conftest.py

# A collector that knows nothing of Heliograph.
THEIRS = """
receivers: {otlp: {protocols: {grpc: {endpoint: 127.0.0.1:4317}}}}
exporters: {debug: {}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    write(folder, files(pieces(load(), with_stack=False)))
    return folder


def test_prometheus_takes_the_fragment_with_the_rules_beside_it(run: Run, folder: Path) -> None:
    checked = run("promtool", "check", "config", str(folder / "prometheus" / "prometheus-fragment.yml"))
    assert checked.returncode == 0, checked.stdout
    assert "SUCCESS" in checked.stdout


def test_prometheus_takes_the_groups_of_a_prometheus_rule(run: Run, tmp_path: Path) -> None:
    for one in manifests(pieces(load(), with_stack=True), namespace=None, labels={}):
        if one["kind"] == "PrometheusRule":
            file = tmp_path / f"{one['metadata']['name']}.yaml"
            file.write_text(yaml_text(one["spec"]))
            checked = run("promtool", "check", "rules", str(file))
            assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("fragment", ["heliograph-cleaning.yaml", "heliograph-metering.yaml"])
def test_a_collector_of_theirs_takes_each_fragment(run: Run, folder: Path, tmp_path: Path, fragment: str) -> None:
    theirs = tmp_path / "theirs.yaml"
    theirs.write_text(THEIRS)
    checked = run("collector", "validate", f"--config={theirs}", f"--config={folder / 'collector' / fragment}")
    assert checked.returncode == 0, checked.stdout


def test_a_pipeline_of_theirs_can_have_every_cleaner(run: Run, folder: Path, tmp_path: Path) -> None:
    fragment = folder / "collector" / "heliograph-cleaning.yaml"
    text = fragment.read_text()
    named = {signal: words.split(", ") for signal, words in re.findall(r"(?m)^#   (\w+) +(\S.*)$", text)}
    ours = YAML(typ="safe").load((config_root() / "collector" / "otelcol.yaml").read_text())["service"]["pipelines"]
    assert named.keys() == {"traces", "logs", "metrics"}
    for signal, names in named.items():
        assert ["memory_limiter", *names] == ours[signal]["processors"]
    assert {name for names in named.values() for name in names} == YAML(typ="safe").load(text)["processors"].keys()
    theirs = YAML(typ="safe").load(THEIRS)
    theirs["service"]["pipelines"] = {
        signal: {"receivers": ["otlp"], "processors": names, "exporters": ["debug"]} for signal, names in named.items()
    }
    file = tmp_path / "theirs.yaml"
    file.write_text(yaml_text(theirs))
    checked = run("collector", "validate", f"--config={file}", f"--config={fragment}")
    assert checked.returncode == 0, checked.stdout


def test_alertmanager_takes_inhibition_and_templates(run: Run, folder: Path, tmp_path: Path) -> None:
    fragment = YAML(typ="safe").load((folder / "alertmanager" / "inhibit-rules.yml").read_text())
    templates = str(folder / "alertmanager" / "templates" / "*.tmpl")
    theirs = {"route": {"receiver": "all"}, "receivers": [{"name": "all"}], "templates": [templates], **fragment}
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml_text(theirs))
    checked = run("amtool", "check-config", str(file))
    assert checked.returncode == 0, checked.stdout
    assert f"{len(fragment['inhibit_rules'])} inhibit rules" in checked.stdout
