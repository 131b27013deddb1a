"""One list of patterns: what the collector is told is what Python has."""

from __future__ import annotations

from typing import Any

import pytest
from ruamel.yaml import YAML

from heliograph.guard._collector import processors
from heliograph.stack._paths import config_root


@pytest.fixture(scope="module")
def text() -> str:
    return (config_root() / "collector" / "otelcol.yaml").read_text(encoding="utf-8")


def test_the_collectors_processors_are_the_rendered_ones(text: str) -> None:
    """If this fails: put what `python -m heliograph.guard` prints between "redaction/credentials" and "exporters"."""
    assert processors() in text


def test_both_are_in_the_pipelines_before_the_queues(text: str) -> None:
    pipelines: Any = YAML(typ="safe").load(text)["service"]["pipelines"]
    assert {"redaction/credentials", "transform/credentials"} <= set(pipelines["traces"]["processors"])
    assert "redaction/credentials" in pipelines["logs"]["processors"]


def test_the_collector_reads_no_variable_in_an_expression() -> None:
    assert "$" not in processors().replace("$$", "")
