"""The same as objects of Kubernetes, by the conventions of kube-prometheus-stack and of Grafana's and Loki's charts.

`PrometheusRule` is the operator's (https://prometheus-operator.dev/docs/api-reference/api/). A ConfigMap with
the label `grafana_dashboard` is what the sidecar of Grafana's chart loads, one with `loki_rule` what Loki's does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from heliograph.export._pieces import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heliograph.export._pieces import Pieces

__all__ = ["manifests"]


def manifests(kept: Pieces, *, namespace: str | None, labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the objects; `labels` go on every PrometheusRule, whose operator chooses rules by them."""
    for kind, groups in (("records", kept.records), ("alerts", kept.alerts)):
        yield {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": _metadata(f"heliograph-{kind}", namespace, labels),
            "spec": {"groups": groups},
        }
    for name, text in kept.boards.items():
        # Compact: a ConfigMap holds 1 MiB at most.
        board = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        metadata = _metadata(f"heliograph-dashboard-{name}", namespace, {"grafana_dashboard": "1"})
        metadata["annotations"] = {"grafana_folder": "Heliograph"}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {f"{name}.json": board}}
    if kept.log_alerts:
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _metadata("heliograph-loki-rules", namespace, {"loki_rule": "1"}),
            "data": {"heliograph.yaml": yaml_text({"groups": kept.log_alerts})},
        }


def _metadata(name: str, namespace: str | None, labels: Mapping[str, str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = {"app.kubernetes.io/part-of": "heliograph", **labels}
    return metadata
