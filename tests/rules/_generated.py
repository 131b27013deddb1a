"""Rules as they are generated from a configuration."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from heliograph.config import Config, render

__all__ = ["alerts", "groups", "named", "records"]


def groups(config: Config, file: str = "alerts") -> list[dict[str, Any]]:
    """Return the groups of prometheus/generated/<file>.yaml."""
    text = render(config)[f"prometheus/generated/{file}.yaml"]
    found: list[dict[str, Any]] = YAML(typ="safe").load(text)["groups"]
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
