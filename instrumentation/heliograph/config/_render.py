"""Turn a configuration into the files the servers read: rules, routing, boards."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from heliograph.config._clock import clock
from heliograph.config._server_files import for_docker
from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from heliograph.config._model import Config

__all__ = ["MIXIN", "mixin_text", "render"]

# Each of these is a Jsonnet function of the configuration that returns {file name: content}, and where the files go.
_ENTRIES = {
    "prometheus/main.jsonnet": "prometheus/generated",
    "alertmanager/main.jsonnet": "alertmanager/generated",
    "dashboards/main.jsonnet": "dashboards/generated",
    "loki/main.jsonnet": "loki/generated",
}

MIXIN = "mixin/generated/config.json"
"""What mixin/mixin.libsonnet reads instead of heliograph.yaml."""

_OF_ROUTING = ("channels", "destinations", "paths", "routing")

_HEADER = "# Generated from heliograph.yaml and {source} by `heliograph generate`; edit there.\n"

# Jsonnet sorts keys; people read a rule or a receiver in this order. Others follow alphabetically.
_ORDER = (
    *("name", "interval", "record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations", "rules"),
    *("global", "templates", "route", "inhibit_rules", "receivers"),
    *("receiver", "matchers", "continue", "group_by", "group_wait", "group_interval", "repeat_interval", "routes"),
    *("source_matchers", "target_matchers", "equal"),
    *("summary", "description", "value", "runbook_url", "dashboard_url", "trace_url"),
)
# Ends of lines and marks that ruamel does not escape by itself, but YAML reads: a text ended where U+0085 was.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_RANK = {key: rank for rank, key in enumerate(_ORDER)}


def render(config: Config) -> dict[str, str]:
    """Return every generated file: its path relative to the repository → its text.

    The same configuration gives the same text, on any machine; nothing is read but the sources.

    Raises `HeliographError` when a source does not render, which is a mistake in the source.
    """
    files: dict[str, str] = {}
    for source, contents in _evaluate(config).items():
        for name, content in sorted(contents.items()):
            files[f"{_ENTRIES[source]}/{name}"] = _yaml(content, source) if name.endswith(".yaml") else _json(content)
    return files | for_docker(config, (config_root() / "prometheus/prometheus.yml").read_text(encoding="utf-8"))


def mixin_text(config: Config) -> str:
    """Return the configuration as the sources of rules and boards take it; routing and its files are not theirs."""
    return _json({key: value for key, value in _values(config).items() if key not in _OF_ROUTING})


def _values(config: Config) -> dict[str, Any]:
    return config.plain() | {"clock": clock(config.budgets.time_zone)}


def _evaluate(config: Config, sources: Sequence[str] = tuple(_ENTRIES)) -> dict[str, dict[str, Any]]:
    """Return entry → file name → content, of one evaluation: what several of them import is evaluated once."""
    import rjsonnet

    entries = [f"{_literal(source)}: (import {_literal(str(config_root() / source))})(config)" for source in sources]
    try:
        text = rjsonnet.evaluate_snippet(
            "heliograph generate",
            f"function(config) {{ {', '.join(entries)} }}",
            tla_codes={"config": json.dumps(_values(config))},
        )
    except RuntimeError as error:
        for source in sources if len(sources) > 1 else ():
            _evaluate(config, [source])  # raises for the one that does not render
        raise HeliographError(f"{' and '.join(sources)} does not render.", why=str(error).strip()) from None
    contents: dict[str, dict[str, Any]] = json.loads(text)
    return {source: contents[source] for source in sources}


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _yaml(content: object, source: str) -> str:
    emitter = YAML()
    emitter.width = 1_000_000  # a folded line hides a change from a reader of the diff
    emitter.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    emitter.dump(_readable(content), text)
    return _HEADER.format(source=source) + text.getvalue()


def _readable(node: object) -> object:
    if isinstance(node, Mapping):
        keys = sorted(node, key=lambda key: (_RANK.get(key, len(_RANK)), key))
        return {key: _readable(node[key]) for key in keys}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_readable(item) for item in node]
    if isinstance(node, str) and _ODD.search(node):
        return DoubleQuotedScalarString(node)
    if isinstance(node, str) and "\n" in node:
        return LiteralScalarString(node)
    return node
