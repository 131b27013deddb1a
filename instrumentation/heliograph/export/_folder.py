"""The same as a folder: each file belongs to one server, and a README says what to do with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from heliograph._version import __version__
from heliograph.errors import HeliographError
from heliograph.export._collector import cleaning, metering
from heliograph.export._pieces import yaml_text
from heliograph.export._readme import readme
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.export._pieces import Pieces

__all__ = ["LIST", "files", "write"]

LIST = "heliograph-export.json"
"""Names what an export wrote, so that the next one replaces just that."""


def files(kept: Pieces) -> dict[str, str]:
    """Return path within the folder → text."""
    found = {
        "prometheus/heliograph-records.yaml": yaml_text({"groups": kept.records}, "Recording rules, for rule_files."),
        "prometheus/heliograph-alerts.yaml": yaml_text({"groups": kept.alerts}, "Alerting rules, for rule_files."),
        "prometheus/prometheus-fragment.yml": yaml_text(_prometheus(), _PROMETHEUS),
        "alertmanager/inhibit-rules.yml": yaml_text({"inhibit_rules": kept.inhibition}, _INHIBITION),
        "collector/heliograph-cleaning.yaml": yaml_text(cleaning(), _CLEANING),
        "collector/heliograph-metering.yaml": yaml_text(metering(), _METERING),
    }
    if kept.log_alerts:
        found["loki/heliograph-alerts.yaml"] = yaml_text({"groups": kept.log_alerts}, "Rules of Loki's ruler.")
    found |= {f"grafana/{name}.json": text for name, text in kept.boards.items()}
    found |= {f"alertmanager/templates/{path.name}": path.read_text("utf-8") for path in kept.templates}
    found |= {f"runbooks/{path.name}": path.read_text("utf-8") for path in kept.runbooks}
    found["README.md"] = readme(found)
    found[LIST] = json.dumps({"heliograph": __version__, "files": sorted(found)}, indent=2) + "\n"
    return found


def write(folder: Path, wanted: dict[str, str]) -> dict[str, str]:
    """Write the files and remove those of an earlier export that are no more; return path → what was done.

    Raises HeliographError, before anything is written, when a file is there that no export has written.
    """
    earlier = _earlier(folder)
    foreign = sorted(name for name in wanted if name not in earlier and (folder / name).exists())
    if foreign:
        raise HeliographError(
            f"{folder / foreign[0]} exists, and is not from an earlier export.",
            why=f"{len(foreign)} file(s) would be overwritten; nothing was written",
            hint="name a new or empty folder",
            exit_code=2,
        )
    done = {}
    try:
        for name, text in wanted.items():
            path = folder / name
            old = path.read_text("utf-8") if path.exists() else None
            done[name] = "new" if old is None else "same" if old == text else "changed"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for name in sorted(earlier - wanted.keys()):
            (folder / name).unlink(missing_ok=True)
            done[name] = "removed"
    except OSError as error:
        raise HeliographError(
            f"{folder} cannot be written.", why=str(error), hint="heliograph export --to ./heliograph", exit_code=2
        ) from None
    return done


def _earlier(folder: Path) -> set[str]:
    try:
        listed = json.loads((folder / LIST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    # A list that somebody edited must not lead out of the folder.
    inside = folder.resolve()
    return {LIST} | {name for name in listed if isinstance(name, str) and inside in (folder / name).resolve().parents}


def _prometheus() -> dict[str, object]:
    ours = YAML(typ="safe").load((config_root() / "prometheus" / "prometheus.yml").read_text("utf-8"))
    return {
        "rule_files": ["heliograph-records.yaml", "heliograph-alerts.yaml"],
        "otlp": ours["otlp"],
        "storage": {"tsdb": {"out_of_order_time_window": ours["storage"]["tsdb"]["out_of_order_time_window"]}},
    }


_PROMETHEUS = """\
To be merged into your prometheus.yml by hand. Names of metrics and labels are those that Prometheus makes of OTLP with
this strategy; without it, rules and boards find nothing.

On its command line:
  --web.enable-otlp-receiver
  --enable-feature=exemplar-storage,st-storage,use-start-timestamps
(links from graphs to traces; short-lived processes are counted)"""
_INHIBITION = """\
To be added to `inhibit_rules` of your alertmanager.yml: a critical alert silences its warning, an outage of a provider
the errors of its models."""
_CLEANING = """\
One more `--config` for your collector. It only defines processors; put their names into your pipelines:
  traces   transform/credentials, redaction/credentials, transform/fits_jaeger, filter/fits_jaeger
  logs     redaction/credentials, transform/fits_loki
  metrics  filter/out_of_window, filter/not_a_number, filter/delta, filter/too_large
Jaeger on badger refuses a span with an attribute of 65 KB for ever, and others wait behind it; a collector with
`sending_queue.batch.max_size` drops a record that is larger, and its neighbours. fits_… cut what is so large."""
_METERING = """\
One more `--config` for your collector: spans about models also go to `heliograph meter` ($HELIOGRAPH_METER_URL), which
counts the calls of applications without the package. It needs your receiver to be called `otlp`."""
