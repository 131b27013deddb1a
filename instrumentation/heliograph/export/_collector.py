"""Two fragments for a collector that a user runs already: each is one more `--config` beside their own file.

The collector merges maps and replaces lists, so that a fragment only adds names; pipelines that exist are not touched.
"""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from heliograph.stack._paths import config_root

__all__ = ["cleaning", "metering"]

CLEANERS = (
    "transform/credentials",
    "redaction/credentials",
    "transform/fits_jaeger",
    "filter/fits_jaeger",
    "transform/fits_loki",
    "filter/out_of_window",
    "filter/not_a_number",
    "filter/delta",
    "filter/too_large",
)
_FOR_THE_METER = (
    "filter/genai",
    "transform/no_content",
    "transform/credentials",
    "redaction/credentials",
    "transform/fits_meter",
)


def cleaning() -> dict[str, Any]:
    """Return the processors that keep credentials off the disks, and away what a store would refuse."""
    ours = _ours()["processors"]
    return {"processors": {name: ours[name] for name in CLEANERS}}


def metering() -> dict[str, Any]:
    """Return a pipeline that copies spans about models to `heliograph meter`, from a receiver called `otlp`.

    Its queue is in memory: which storage there is on the disk, only the other file knows.
    """
    ours = _ours()
    exporter = dict(ours["exporters"]["otlp_http/meter"])
    exporter["sending_queue"] = {key: value for key, value in exporter["sending_queue"].items() if key != "storage"}
    # In memory a queue of that many bytes would be the process's end.
    exporter["sending_queue"]["queue_size"] = 67_108_864
    return {
        "processors": {name: ours["processors"][name] for name in _FOR_THE_METER},
        "exporters": {"otlp_http/meter": exporter},
        "service": {
            "pipelines": {
                "traces/heliograph-meter": {
                    "receivers": ["otlp"],
                    "processors": list(_FOR_THE_METER),
                    "exporters": ["otlp_http/meter"],
                }
            }
        },
    }


def _ours() -> dict[str, Any]:
    text = (config_root() / "collector" / "otelcol.yaml").read_text(encoding="utf-8")
    ours: dict[str, Any] = YAML(typ="safe").load(text)
    return ours
