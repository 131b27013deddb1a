"""Two fragments for a collector that a user runs already: each is one more `--config` beside their own file.

The collector merges maps and replaces lists, so that a fragment only adds names; pipelines that exist are not touched.
"""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from heliograph.stack._paths import config_root

__all__ = ["cleaning", "metering"]

_SIGNALS = ("traces", "logs", "metrics")
_THEIRS = "memory_limiter"
"""What every collector has, with numbers of its own."""


def cleaning() -> dict[str, Any]:
    """Return the processors that keep credentials off the disks, and away what a store would refuse."""
    ours = _ours()
    return {"processors": {name: ours["processors"][name] for name in _processors(ours, *_SIGNALS)}}


def metering() -> dict[str, Any]:
    """Return a pipeline that copies spans about models to `heliograph meter`, from a receiver called `otlp`.

    Its queue is in memory: which storage there is on the disk, only the other file knows.
    """
    ours = _ours()
    processors = _processors(ours, "traces/meter")
    exporter = dict(ours["exporters"]["otlp_http/meter"])
    exporter["sending_queue"] = {key: value for key, value in exporter["sending_queue"].items() if key != "storage"}
    # In memory a queue of that many bytes would be the process's end.
    exporter["sending_queue"]["queue_size"] = 67_108_864
    return {
        "processors": {name: ours["processors"][name] for name in processors},
        "exporters": {"otlp_http/meter": exporter},
        "service": {
            "pipelines": {
                "traces/heliograph-meter": {
                    "receivers": ["otlp"],
                    "processors": processors,
                    "exporters": ["otlp_http/meter"],
                }
            }
        },
    }


def _processors(ours: dict[str, Any], *pipelines: str) -> list[str]:
    """Name what the pipelines of our own collector consist of, each once, in their order."""
    found = (name for pipeline in pipelines for name in ours["service"]["pipelines"][pipeline]["processors"])
    return [name for name in dict.fromkeys(found) if name != _THEIRS]


def _ours() -> dict[str, Any]:
    text = (config_root() / "collector" / "otelcol.yaml").read_text(encoding="utf-8")
    ours: dict[str, Any] = YAML(typ="safe").load(text)
    return ours
