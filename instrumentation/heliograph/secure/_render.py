"""Configuration of the exposed stack that follows from the plain one: made from it, so that they cannot drift apart.

`python -m heliograph.secure._render` writes the files that Docker mounts; a test compares. Prometheus' has numbers of
heliograph.yaml in it, so that `heliograph generate` writes that one.
"""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML

from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["exposed_datasources", "exposed_pipelines", "exposed_prometheus", "pipelines", "render"]

_BASIC: Final = ("prometheus", "alertmanager")
"""Jobs whose servers ask for a password."""


def exposed_prometheus(text: str, secrets: str) -> str:
    """Return prometheus.yml that asks servers with certificates and passwords from the folder `secrets`."""
    config = YAML(typ="safe").load(text)
    api = {"scheme": "https", "tls_config": {"ca_file": f"{secrets}/api-ca.crt"}}
    basic = {"basic_auth": {"username": "prometheus", "password_file": f"{secrets}/password"}}
    metrics = {"basic_auth": {"username": "prometheus", "password_file": f"{secrets}/grafana_metrics"}}
    inner = {
        "scheme": "https",
        "tls_config": {
            "ca_file": f"{secrets}/ca.crt",
            "cert_file": f"{secrets}/client.crt",
            "key_file": f"{secrets}/client.key",
        },
    }
    for job in config["scrape_configs"]:
        asks = {"loki": inner, "grafana": api | metrics, **dict.fromkeys(_BASIC, api | basic)}
        job.update(asks.get(job["job_name"], {}))
    for alertmanager in config["alerting"]["alertmanagers"]:
        alertmanager.update(api | basic)
    return _dump(config)


def exposed_datasources(text: str, secrets: str) -> str:
    """Return Grafana's data sources with what each server asks for; Grafana reads the files (`$__file{…}`)."""
    config = YAML(typ="safe").load(text)
    for source in config["datasources"]:
        inner = source["type"] == "loki"
        source.setdefault("jsonData", {})["tlsAuthWithCACert"] = True
        hidden = {"tlsCACert": f"$__file{{{secrets}/{'ca' if inner else 'api-ca'}.crt}}"}
        if inner:
            source["jsonData"]["tlsAuth"] = True
            hidden["tlsClientCert"] = f"$__file{{{secrets}/client.crt}}"
            hidden["tlsClientKey"] = f"$__file{{{secrets}/client.key}}"
        else:
            source.update({"basicAuth": True, "basicAuthUser": "grafana"})
            hidden["basicAuthPassword"] = f"$__file{{{secrets}/password}}"
        source["secureJsonData"] = hidden
    return _dump(config)


def pipelines(text: str, more: Iterable[str] = ()) -> str:
    """Return exposed-pipelines.yaml for this otelcol.yaml."""
    return _dump({"service": exposed_pipelines(text, more)})


def exposed_pipelines(text: str, more: Iterable[str] = ()) -> dict[str, Any]:
    """Return what exposed.yaml lays over otelcol.yaml's `service`: whole lists, since a list replaces a list.

    Whatever comes from applications passes `transform/writer`. `more` are extensions that other overlays use.
    """
    service = YAML(typ="safe").load(text)["service"]
    pipelines = {}
    for name, pipeline in service["pipelines"].items():
        if "otlp" in pipeline["receivers"]:
            pipelines[name] = {
                "receivers": [*pipeline["receivers"], "otlp/inner"],
                "processors": _with_writer(pipeline["processors"]),
            }
    extensions = [*service["extensions"], *more, "bearertokenauth/writers", "basicauth/prometheus"]
    return {"extensions": extensions, "pipelines": pipelines}


def _with_writer(processors: Iterable[str]) -> list[str]:
    """Put it behind the memory limiter: what a meter or a filter decides by is then the truth."""
    first, *others = processors
    return [first, "transform/writer", *others]


def render() -> dict[str, str]:
    """Return path → text of the committed files."""
    root = config_root()
    head = "# Generated from {} by `python -m heliograph.secure._render`: do not edit.\n"
    collector = (root / "collector/otelcol.yaml").read_text(encoding="utf-8")
    grafana = (root / "grafana/provisioning/datasources/heliograph.yaml").read_text(encoding="utf-8")
    return {
        "collector/exposed-pipelines.yaml": head.format("otelcol.yaml") + pipelines(collector),
        "grafana/exposed/datasources/heliograph.yaml": head.format("grafana/provisioning")
        + exposed_datasources(grafana, "/etc/grafana/secrets"),
    }


def _dump(value: Any) -> str:  # noqa: ANN401 - whatever YAML holds
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # in the order they are written
    yaml.width = 120
    text = io.StringIO()
    yaml.dump(json.loads(json.dumps(value)), text)  # without anchors for what occurs twice
    return text.getvalue()


if __name__ == "__main__":
    for path, written in render().items():
        (config_root() / path).parent.mkdir(parents=True, exist_ok=True)
        (config_root() / path).write_text(written, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
