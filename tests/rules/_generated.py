"""Rules as they are generated from a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliograph.config._render import _evaluate

if TYPE_CHECKING:
    from heliograph.config import Config

__all__ = ["alerts", "groups", "named", "records"]


def groups(config: Config, file: str = "alerts") -> list[dict[str, Any]]:
    """Return the groups of prometheus/generated/<file>.yaml, without writing routing, boards and YAML meanwhile."""
    found: list[dict[str, Any]] = _evaluate("prometheus/main.jsonnet", config)[f"{file}.yaml"]["groups"]
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
