"""Names of metrics have two homes that agree, and are spelled nowhere else."""

from __future__ import annotations

import json
import re

import rjsonnet

from heliograph.genai.vocabulary import METRICS, MetricSpec, prometheus_name
from heliograph.stack._paths import config_root


def test_metric_names_have_two_homes_that_agree() -> None:
    text = rjsonnet.evaluate_file(str(config_root() / "dashboards/lib/metrics.libsonnet"))
    spelled = {metric["name"]: metric["type"] for metric in json.loads(text).values()}
    assert spelled == {prometheus_name(spec): spec.kind for spec in METRICS}


def test_metric_names_are_spelled_nowhere_else() -> None:
    root = config_root()
    names = [_pattern(spec) for spec in METRICS]
    for folder in ("prometheus", "dashboards", "alertmanager"):
        for file in (root / folder).rglob("*sonnet"):
            # Fields of events have the names of metrics where they are the same thing; those have a home of their own.
            if file.name not in {"metrics.libsonnet", "records.libsonnet", "events.libsonnet"}:
                text = re.sub(r"(?m)^\s*//.*$", "", file.read_text(encoding="utf-8"))
                assert [name for name in names if re.search(name, text)] == [], file


def _pattern(spec: MetricSpec) -> str:
    return rf"\b{prometheus_name(spec)}(_bucket|_count|_sum)?\b"
