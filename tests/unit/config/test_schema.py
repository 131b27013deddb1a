"""The JSON schema: committed, valid, and of one mind with the model."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from heliograph.cli import main
from heliograph.config import ConfigError, load
from heliograph.config._schema import SCHEMA, schema, schema_text
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MADE = schema()
VALIDATOR = Draft202012Validator(MADE)
FILE = config_root() / "heliograph.yaml"
PAGE = (config_root() / "docs" / "configuration.md").read_text(encoding="utf-8")


def _read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def _nodes(node: Any, key: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    yield key, node
    for name, inner in node.get("properties", {}).items():
        yield from _nodes(inner, (*key, name))


def test_the_committed_file_is_up_to_date() -> None:
    assert (config_root() / SCHEMA).read_text(encoding="utf-8") == schema_text(), "run `heliograph generate`"


def test_heliograph_yaml_names_it_in_its_first_line() -> None:
    assert FILE.read_text(encoding="utf-8").splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA}"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(MADE)


def test_the_shipped_file_fits() -> None:
    assert list(VALIDATOR.iter_errors(_read(FILE.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("text", [text for text in re.findall(r"```yaml\n([^`]+)```", PAGE) if "5min" not in text])
def test_an_example_of_the_guide_fits(text: str) -> None:
    assert list(VALIDATOR.iter_errors(_read(text))) == []


# Overlays on which schema and model must agree: what is wrong with a value itself.
BAD = [
    "alerts: {HighLLMLatency: {warnig: 4}}",
    "alerts: {HighLLMLatency: {warning: '4'}}",
    "alerts: {HighLLMLatency: {warning: 0}}",
    "alerts: {HighLLMLatency: {for: 5min}}",
    "alerts: {HighLLMLatency: {window: 0s}}",
    "alerts: {HighQuotaUse: {warning: 101}}",
    "alerts: {NoTraffic: {severity: info}}",
    "alerts: {HighLLMLatency: {confirmed: 'yes'}}",
    "alerts: {HighLLMLatency: {overrides: [{match: {model: x}}]}}",
    "alerts: {HighLLMLatency: {overrides: [{match: {}, warning: 1, critical: 2}]}}",
    "slos: {'a b': {objective: 99}}",
    "slos: {query-success: {objective: 100}}",
    "external_url: localhost",
    "channels: {email: {smarthost: smtp.example.com}}",
    "channels: {sms: {numbers: ['0170']}}",
    "prices: {models: {x: {inptu: 1}}}",
    "retention: 15d",
]
GOOD = [
    "alerts: {HighLLMLatency: {warning: 4, critical: null}}",
    "alerts: {HighLLMLatency: {for: 0}}",
    "alerts: {HighLLMLatency: {for: 1h30m, team: search}}",
    "slos: {query-success: {objective: 99.9}}",
    "links: {grafana: https://grafana.example.com}",
    "links: {grafana: null}",
    "prices: {models: {'azure/*': {factor: 1.1, tiers: {batch: 0.5}}}, max_age_days: null}",
]


@pytest.mark.parametrize("text", BAD)
def test_both_refuse(text: str, overlay: Callable[..., Path]) -> None:
    assert list(VALIDATOR.iter_errors(_read(text)))
    with pytest.raises(ConfigError):
        load(overlays=[overlay(text)])


@pytest.mark.parametrize("text", GOOD)
def test_both_accept(text: str, overlay: Callable[..., Path]) -> None:
    assert list(VALIDATOR.iter_errors(_read(text))) == []
    load(overlays=[overlay(text)])


def test_nothing_is_required_of_an_overlay_but_what_a_list_holds_is_complete() -> None:
    assert [key for key, node in _nodes(MADE) if "required" in node] == []
    assert "factor" in MADE["properties"]["burn_rates"]["items"]["required"]


def test_defaults_are_the_shipped_values() -> None:
    shipped = _read(FILE.read_text(encoding="utf-8"))
    for key, node in _nodes(MADE):
        if "default" in node:
            value = shipped
            for part in key:
                value = value[part]
            assert node["default"] == value, key


def test_no_path_of_this_machine_is_in_it() -> None:
    assert str(config_root()) not in schema_text()


def test_words_are_those_of_the_file() -> None:
    alert = MADE["properties"]["alerts"]["properties"]["HighLLMLatency"]
    assert alert["description"].startswith("Seconds in which 95 % of the calls to a model return")
    assert alert["properties"]["for"]["description"] == "how long it must hold before anyone is told"
    assert "Look at" in alert["properties"]["confirmed"]["description"]


def test_the_command_prints_it_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "schema"])
    assert json.loads(capsys.readouterr().out) == MADE
    main(["config", "schema", "--output", str(tmp_path / "s.json")])
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == schema_text()
    with pytest.raises(SystemExit) as left:
        main(["config", "schema", "--output", str(tmp_path / "none" / "s.json")])
    assert left.value.code == 2
