"""The README of an export."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["readme"]

_STEPS = (
    (
        "prometheus/",
        """\
## Prometheus

Merge `prometheus/prometheus-fragment.yml` into your `prometheus.yml`, and copy the two rule files beside it (tried with
3.15). Check it, and restart Prometheus with the flags that stand in the fragment: a reload does not read flags.

    promtool check config prometheus.yml

From then on, after another export, a reload is enough: SIGHUP, or `curl -X POST http://localhost:9090/-/reload` where
`--web.enable-lifecycle` is set.

An application whose metrics shall go there without a collector in between has

    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://localhost:9090/api/v1/otlp/v1/metrics
""",
    ),
    (
        "loki/",
        """\
## Loki

`loki/heliograph-alerts.yaml` goes into the folder of your ruler (`ruler.storage.local.directory`, below the tenant;
`fake/` where there is none). The rules read the events `llm.call`, with `service.name` and
`deployment.environment.name` as index labels: `limits_config.otlp_config.resource_attributes`.
""",
    ),
    (
        "grafana/",
        """\
## Grafana (9.4 or later)

Import the files of `grafana/` (*Dashboards → New → Import*), or provision the folder: a file in
`provisioning/dashboards/` with

    apiVersion: 1
    providers:
      - name: heliograph
        folder: Heliograph
        type: file
        options: {path: /path/to/heliograph/grafana}

Each board asks for a Prometheus in its variable *Metrics*, and takes the first Loki and Jaeger it finds. Without a
Loki, panels about users, sessions, repeated calls, and single calls and queries stay empty; all others go by
Prometheus alone.
""",
    ),
    (
        "alertmanager/",
        """\
## Alertmanager

Alerts carry `severity` (critical, warning), `level` (P1 … P4), `team`, and `runbook_url`: route by any of them. Add
`alertmanager/inhibit-rules.yml`, or each critical alert comes with its warning. `alertmanager/templates/` holds the
texts for Slack, mail and text messages.
""",
    ),
    (
        "collector/",
        """\
## Collector

Applications with the package send OTLP (`OTEL_EXPORTER_OTLP_ENDPOINT`), nothing more is needed. Two fragments help,
each one more `--config`: `heliograph-cleaning.yaml` (credentials, records that a store would refuse: its head says why)
and `heliograph-metering.yaml` (counts the calls of applications without the package).
""",
    ),
    (
        "runbooks/",
        """\
## Runbooks

One page for each alert. Put them where your people look, set `links.runbooks` in an overlay, and export again: every
alert then links to its page.
""",
    ),
)


def readme(files: Iterable[str]) -> str:
    """Return a page with a section for each kind of file that is there."""
    names = sorted(files)
    head = """\
# Heliograph for servers of your own

Rules, boards and fragments, made by `heliograph export` from `heliograph.yaml`. Another export replaces them: change
numbers and links in an overlay (`heliograph export --config my.yaml`), not here.

"""
    return head + "\n".join(text for start, text in _STEPS if any(name.startswith(start) for name in names))
