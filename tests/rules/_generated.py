"""Rules as they are generated from a configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heliograph.config._render import _evaluate

if TYPE_CHECKING:
    from heliograph.config import Config

__all__ = ["RECORD", "alerts", "groups", "named", "needed", "records"]

RECORD = re.compile(r"\b[a-z_]+:\w+:\w+\b")
"""The name of a record within an expression."""
_ENTRY = "prometheus/main.jsonnet"


def groups(config: Config, file: str = "alerts") -> list[dict[str, Any]]:
    """Return the groups of prometheus/generated/<file>.yaml, without writing routing, boards and YAML meanwhile."""
    found: list[dict[str, Any]] = _evaluate(config, [_ENTRY])[_ENTRY][f"{file}.yaml"]["groups"]
    return found


def alerts(config: Config) -> list[dict[str, Any]]:
    """Return the alerting rules."""
    return [rule for group in groups(config) for rule in group["rules"]]


def records(config: Config) -> list[dict[str, Any]]:
    """Return the recording rules, in the order in which they are read."""
    return [rule for group in groups(config, "records") for rule in group["rules"]]


def named(config: Config, name: str) -> list[dict[str, Any]]:
    """Return the rules of one alert."""
    return [rule for rule in alerts(config) if rule["alert"] == name]


def needed(found: list[dict[str, Any]], wanted: set[str]) -> list[dict[str, Any]]:
    """Return the groups with only the rules named, and those that they read: the others cost promtool time.

    Groups get names that differ, in the order in which they are to be evaluated.
    """
    wanted = set(wanted)
    read: dict[str, set[str]] = {}
    for group in found:
        for rule in group["rules"]:
            read.setdefault(_name(rule), set()).update(RECORD.findall(rule["expr"]))
    while more := {name for known in wanted for name in read.get(known, ())} - wanted:
        wanted |= more
    kept = [group | {"rules": [rule for rule in group["rules"] if _name(rule) in wanted]} for group in found]
    return [group | {"name": f"{index}-{group['name']}"} for index, group in enumerate(kept) if group["rules"]]


def _name(rule: dict[str, Any]) -> str:
    return str(rule.get("record") or rule["alert"])
