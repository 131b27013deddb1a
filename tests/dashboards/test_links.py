"""Queries behind Grafana's links between traces, logs and metrics: they ask for what is really counted."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest
from ruamel.yaml import YAML

from heliograph.genai.vocabulary import METRICS, prometheus_name
from heliograph.stack._paths import config_root

SOURCES: dict[str, dict[str, Any]] = {
    source["uid"]: source["jsonData"]
    for source in YAML(typ="safe").load(config_root() / "grafana/provisioning/datasources/heliograph.yaml")[
        "datasources"
    ]
}
FROM_TRACES = {query["name"]: query["query"] for query in SOURCES["jaeger"]["tracesToMetrics"]["queries"]}
FROM_LOGS = {f["name"]: f["url"] for f in SOURCES["loki"]["derivedFields"] if f["datasourceUid"] == "prometheus"}
NAMES = {prometheus_name(spec) for spec in METRICS}
LABELS = {prometheus_name(spec): {*spec.labels, "job", "deployment_environment_name"} for spec in METRICS}


@pytest.mark.parametrize("query", [*FROM_TRACES.values(), *FROM_LOGS.values()], ids=[*FROM_TRACES, *FROM_LOGS])
def test_a_link_asks_for_metrics_and_labels_that_exist(query: str) -> None:
    tags = ", ".join(f'{tag["value"]}="x"' for tag in SOURCES["jaeger"]["tracesToMetrics"]["tags"])
    filled = query.replace("$$__tags", tags).replace("$${__value.raw}", "x")
    assert "$" not in filled
    promql_parser.parse(filled)
    (selector,) = re.findall(r"(\w+)\{(.*?)\}", filled)
    name = re.sub("_bucket$", "", selector[0])
    assert name in NAMES
    assert set(re.findall(r"(\w+)=", selector[1])) <= LABELS[name]


def test_a_span_leads_to_the_model_it_is_counted_under() -> None:
    """The answering one: `gpt-4o` that was asked for is `gpt-4o-2024-08-06` in every metric."""
    tags = {tag["value"]: tag["key"] for tag in SOURCES["jaeger"]["tracesToMetrics"]["tags"]}
    assert tags["model"] == "gen_ai.response.model"
    assert "gen_ai.request.model" not in tags.values()


def test_a_record_leads_to_what_its_own_fields_name() -> None:
    assert {f["matcherRegex"] for f in SOURCES["loki"]["derivedFields"]} == {"trace_id", "model", "service_name"}
    assert {f["matcherType"] for f in SOURCES["loki"]["derivedFields"]} == {"label"}
