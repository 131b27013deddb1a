"""What of the stack's configuration is of use elsewhere, taken from what `heliograph generate` renders."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from heliograph.config import render
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from heliograph.config import Config

__all__ = ["Pieces", "pieces", "yaml_text"]

_STACK_GROUPS = ("heliograph-stack-", "heliograph-watchdog")
_STACK_BOARDS = {"stack-health"}
_ANOTHERS_TARGET = "scrape"
"""Value of the label `signal` of ServiceDown where it goes by `up`: jobs of our own Prometheus."""


@dataclass(frozen=True)
class Pieces:
    """Rule groups as Prometheus and Loki read them, boards as Grafana does, and what goes along."""

    records: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    log_alerts: list[dict[str, Any]]
    inhibition: list[dict[str, Any]]
    boards: dict[str, str]
    """Name → JSON text."""
    templates: list[Path]
    runbooks: list[Path]

    @property
    def alert_names(self) -> set[str]:
        """The alerts that are in these pieces."""
        groups = (*self.alerts, *self.log_alerts)
        return {rule["alert"] for group in groups for rule in group["rules"]}


def pieces(config: Config, *, with_stack: bool) -> Pieces:
    """Take the rendered files apart; `with_stack` keeps what is about the servers of Heliograph's own stack."""
    rendered = render(config)

    def folder(name: str) -> dict[str, str]:
        return {path.rpartition("/")[2]: text for path, text in rendered.items() if path.startswith(f"{name}/")}

    boards = {name.removesuffix(".json"): text for name, text in folder("dashboards/generated").items()}
    left_out = set() if with_stack else {json.loads(boards.pop(name))["uid"] for name in _STACK_BOARDS}

    def groups(file: str) -> list[dict[str, Any]]:
        found = YAML(typ="safe").load(rendered[file])["groups"]
        return found if with_stack else list(_about_applications(found, left_out))

    kept = Pieces(
        records=groups("prometheus/generated/records.yaml"),
        alerts=groups("prometheus/generated/alerts.yaml"),
        log_alerts=groups("loki/generated/alerts.yaml"),
        inhibition=YAML(typ="safe").load(rendered["alertmanager/generated/alertmanager.yaml"])["inhibit_rules"],
        boards=boards,
        templates=sorted((config_root() / "alertmanager" / "templates").glob("*.tmpl")),
        runbooks=[],
    )
    names = kept.alert_names
    books = sorted((config_root() / "docs" / "runbooks").glob("*.md"))
    kept.runbooks.extend(path for path in books if path.stem in names)
    return kept


def _about_applications(groups: Iterable[dict[str, Any]], boards_left_out: set[str]) -> Iterable[dict[str, Any]]:
    for group in groups:
        if group["name"].startswith(_STACK_GROUPS):
            continue
        rules = [
            _without_links_to(boards_left_out, rule)
            for rule in group["rules"]
            if rule.get("labels", {}).get("signal") != _ANOTHERS_TARGET
        ]
        if rules:
            yield {**group, "rules": rules}


def _without_links_to(boards: set[str], rule: dict[str, Any]) -> dict[str, Any]:
    link = rule.get("annotations", {}).get("dashboard_url", "")
    if not any(f"/d/{uid}/" in link for uid in boards):
        return rule
    kept = {name: text for name, text in rule["annotations"].items() if name != "dashboard_url"}
    return {**rule, "annotations": kept}


def yaml_text(content: Any, header: str = "") -> str:  # noqa: ANN401 - whatever YAML can say
    """Return YAML as people write it: expressions as blocks, nothing folded; each line of `header` is a comment."""
    emitter = YAML()
    emitter.width = 1_000_000
    emitter.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    emitter.dump(_readable(content), text)
    return "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines()) + text.getvalue()


def _readable(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, str) and "\n" in value:
        return LiteralScalarString(value)
    return value
