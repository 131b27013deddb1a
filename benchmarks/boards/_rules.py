"""The expressions of the shipped rules: what Prometheus works on all day, whether anybody looks at a board or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from benchmarks.boards._queries import Query
from heliograph.config import load, render

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["intervals", "rules"]

_FILES = ("prometheus/generated/records.yaml", "prometheus/generated/alerts.yaml")
_UNITS = {"s": 1, "m": 60, "h": 3600}


def rules() -> Iterator[Query]:
    """Yield every rule as a query for one moment; its board is the group that it belongs to."""
    for group in _groups():
        for rule in group["rules"]:
            yield Query(_title(group), rule.get("record") or rule["alert"], rule["expr"], is_range=False)


def intervals() -> dict[str, int]:
    """Return group → seconds from one evaluation to the next."""
    return {_title(group): int(group["interval"][:-1]) * _UNITS[group["interval"][-1]] for group in _groups()}


def _title(group: dict[str, Any]) -> str:
    kind = "alerts" if "alert" in group["rules"][0] else "records"
    return f"{group['name'].removeprefix('heliograph-')} ({kind})"


def _groups() -> Iterator[dict[str, Any]]:
    rendered = render(load())
    for file in _FILES:
        yield from YAML(typ="safe").load(rendered[file])["groups"]
