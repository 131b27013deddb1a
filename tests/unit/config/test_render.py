"""Generated files: always what their sources say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from heliograph.config import load, render
from heliograph.stack._paths import config_root

FILES = render(load())


def test_what_is_rendered() -> None:
    assert sorted(FILES) == [
        "alertmanager/generated/alertmanager.yaml",
        *(
            f"dashboards/generated/{board}.json"
            for board in ("agents", "business", "cost", "llm-overview", "queries", "stack-health")
        ),
        "docker/generated/collector.env",
        "docker/generated/exposed-prometheus.yml",
        "docker/generated/loki.env",
        "docker/generated/prometheus.yml",
        "loki/generated/alerts.yaml",
        "prometheus/generated/alerts.yaml",
        "prometheus/generated/records.yaml",
    ]


@pytest.mark.parametrize("name", FILES)
def test_committed_files_are_up_to_date(name: str) -> None:
    assert (config_root() / name).read_text(encoding="utf-8") == FILES[name], "run `heliograph generate`"


def test_nothing_is_left_over() -> None:
    committed = {
        path.relative_to(config_root()).as_posix()
        for folder in {str(Path(name).parent) for name in FILES}
        for path in (config_root() / folder).iterdir()
    }
    assert committed == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_says_what_it_is_from(name: str) -> None:
    text = FILES[name]
    if name.endswith(".json"):
        assert "Generated from heliograph.yaml and dashboards/boards/" in json.loads(text)["description"]
    else:
        assert text.startswith("# Generated from heliograph.yaml and ")


def test_rendering_twice_gives_the_same() -> None:
    assert render(load()) == FILES


@pytest.mark.parametrize("name", FILES)
def test_nothing_knows_where_it_was_rendered(name: str) -> None:
    assert str(config_root()) not in FILES[name]


def _numbers(node: Any) -> list[float]:
    if isinstance(node, dict):
        return [number for value in node.values() for number in _numbers(value)]
    if isinstance(node, list):
        return [number for value in node for number in _numbers(value)]
    return [node] if isinstance(node, float) else []


@pytest.fixture(scope="module")
def of_fractions() -> dict[str, str]:
    """Return what a configuration with 0.1 and 0.3 in it renders."""
    return render(load().merged({"alerts": {"HighHourlyCost": {"warning": 0.1, "critical": 0.3}}}))


@pytest.mark.parametrize("name", FILES)
def test_numbers_have_no_noise(of_fractions: dict[str, str], name: str) -> None:
    text = of_fractions[name]
    content = json.loads(text) if name.endswith(".json") else YAML(typ="safe").load(text)
    assert all(len(repr(number)) < 8 for number in _numbers(content))
    assert "0000001" not in text
    assert "9999999" not in text


def test_no_secret_is_ever_in_a_generated_file(tmp_path: Path) -> None:
    """Only names of files: what stands in them, Alertmanager reads by itself."""
    for name in ("hook", "password", "aws"):
        (tmp_path / name).write_text("s3cr3t-s3cr3t\n")
    channels = {
        "slack": {"enabled": True, "webhook_url_file": str(tmp_path / "hook")},
        "email": {"enabled": True, "password_file": str(tmp_path / "password")},
        "sms": {"enabled": True, "numbers": ["+491701234567"], "sns": {"credentials_file": str(tmp_path / "aws")}},
    }
    config = load().merged({"channels": channels})
    files = render(config)
    for text in files.values():
        assert "s3cr3t" not in text
        assert str(tmp_path) not in text
    routing = files["alertmanager/generated/alertmanager.yaml"]
    assert "api_url_file: /run/secrets/hook" in routing
    assert "auth_password_file: /run/secrets/password" in routing
    native = render(config.merged({"paths": {"secrets": None}}))["alertmanager/generated/alertmanager.yaml"]
    assert f"api_url_file: {tmp_path}/hook" in native
    assert "require_tls: true" in native
