from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from heliograph.config import load_for_meter
from heliograph.errors import HeliographError
from heliograph.genai._prices import Prices
from heliograph.stack._paths import config_root
from heliograph.stack._ports import Ports
from heliograph.stack._workspace import Workspace, _in_hours, _with_port

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["prometheus", "loki", "jaeger", "alertmanager", "inbox", "collector"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "state")
    made.prepare()
    return made


def overlay(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "overlay.yaml"
    path.write_text(text)
    return path


def test_links_follow_the_offset(workspace: Workspace) -> None:
    links = workspace.settings([], Ports.at(100)).links
    assert links["prometheus"] == "http://localhost:9190"
    assert links["runbooks"] == "http://localhost:8125/runbooks"
    assert links["otlp"] == "http://localhost:4418"


def test_links_follow_the_external_address(workspace: Workspace, tmp_path: Path) -> None:
    chosen = overlay(tmp_path, "external_url: http://observe.example\n")
    settings = workspace.settings([chosen], Ports.at(100))
    assert settings.links["grafana"] == "http://observe.example:3101"
    assert str(settings.config.links.grafana) == "http://observe.example:3101"


def test_a_link_of_the_users_own_stays(workspace: Workspace, tmp_path: Path) -> None:
    chosen = overlay(tmp_path, "links: {grafana: https://grafana.example/heliograph}\n")
    links = workspace.settings([chosen], Ports.at(100)).links
    assert links["grafana"] == "https://grafana.example/heliograph"
    assert links["jaeger"] == "http://localhost:16786"


def test_the_inbox_is_reached_on_loopback_at_its_own_ports(workspace: Workspace) -> None:
    inbox = workspace.settings([], Ports.at(100)).config.channels.inbox
    assert str(inbox.smtp) == "127.0.0.1:1125"
    assert str(inbox.webhook) == "http://127.0.0.1:8125/alerts"


def test_the_inbox_can_be_switched_off(workspace: Workspace, tmp_path: Path) -> None:
    slack = tmp_path / "hook"
    slack.write_text("https://hooks.example/x\n")
    text = f"channels: {{inbox: {{enabled: false}}, slack: {{enabled: true, webhook_url_file: {slack}}}}}\n"
    assert not workspace.settings([overlay(tmp_path, text)], Ports()).inbox


def test_mistakes_are_reported_before_anything_is_written(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(HeliographError, match="retention"):
        workspace.settings([overlay(tmp_path, "retention: {loki: soon}\n")], Ports())
    assert not workspace.config.exists()


@pytest.mark.parametrize(("given", "hours"), [("7d", "168h"), ("2w", "336h"), ("36h", "36h"), ("90m", "90m")])
def test_days_become_hours_for_go(given: str, hours: str) -> None:
    assert _in_hours(given) == hours


@pytest.mark.parametrize(
    ("base", "whole"),
    [
        ("http://localhost", "http://localhost:9090"),
        ("https://observe.example/", "https://observe.example:9090"),
        ("http://observe.example:8080", "http://observe.example:9090"),
        ("http://[::1]", "http://[::1]:9090"),
    ],
)
def test_an_address_gets_the_port_of_the_server(base: str, whole: str) -> None:
    assert _with_port(base, 9090) == whole


def test_the_state_folder_is_its_owners_only(workspace: Workspace) -> None:
    assert workspace.root.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HeliographError, match="cannot be written") as caught:
        Workspace(tmp_path / "file" / "state").prepare()
    assert "--state" in caught.value.hint


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Render the whole configuration for an offset of 100, once: Jsonnet takes a moment."""
    base = tmp_path_factory.mktemp("written")
    chosen = overlay(base, "external_url: http://observe.example\nintervals: {scrape: 7s, evaluation: 3s}\n")
    made = Workspace(base / "state")
    made.prepare()
    (made.root / "config").mkdir()
    (made.root / "config" / "stale").write_text("of an earlier start")
    made.write(made.settings([chosen], Ports.at(100)), Ports.at(100), NAMES)
    return made


def test_the_meter_finds_prices_and_numbers_of_ones_own(workspace: Workspace, tmp_path: Path) -> None:
    chosen = overlay(
        tmp_path, 'prices: {models: {"openai/gpt-4o": {input: 2, output: 8}}, free: ["ollama/*"]}\nmeter: {wait: 21s}\n'
    )
    workspace.write(workspace.settings([chosen], Ports()), Ports(), NAMES)
    part = load_for_meter([workspace.config / "meter.json"])
    prices = Prices(part.prices)
    assert list(prices.own.overrides.free) == ["ollama/*"]
    assert list(prices.own.overrides.exact) == ["openai/gpt-4o"]
    assert part.meter.wait == "21s"


def test_an_earlier_configuration_is_gone(written: Workspace) -> None:
    assert not (written.config / "stale").exists()


def test_every_static_file_and_every_rendered_one_is_there(written: Workspace) -> None:
    for name in (
        "alertmanager/generated/alertmanager.yaml",
        "collector/langsmith.yaml",
        "collector/otelcol.yaml",
        "grafana/grafana.ini",
        "grafana/provisioning/datasources/heliograph.yaml",
        "jaeger/jaeger.yaml",
        "loki/loki.yaml",
        "prometheus/generated/alerts.yaml",
        "prometheus/generated/records.yaml",
        "prometheus/prometheus.yml",
    ):
        assert (written.config / name).stat().st_size > 0, name
    assert (written.config / "loki/rules/fake").is_dir()


def test_prometheus_gets_the_intervals_of_the_configuration(written: Workspace) -> None:
    text = (written.config / "prometheus/prometheus.yml").read_text()
    assert "\n  scrape_interval: 7s\n" in text
    assert "\n  evaluation_interval: 3s\n" in text
    assert "scrape_timeout" not in text  # unset it follows the interval; longer than that it is refused


def test_prometheus_scrapes_what_runs_and_nothing_else(written: Workspace) -> None:
    targets = {path.stem: json.loads(path.read_text()) for path in (written.config / "prometheus/targets").iterdir()}
    assert {name: entry[0]["targets"] for name, entry in targets.items()} == {
        "alertmanager": ["127.0.0.1:9193"],
        "collector": ["127.0.0.1:8988"],
        "jaeger": ["127.0.0.1:8989"],
        "loki": ["127.0.0.1:3200"],
        "prometheus": ["127.0.0.1:9190"],
    }


def test_jaegers_links_lead_to_this_stack(written: Workspace) -> None:
    text = (written.config / "jaeger/ui.json").read_text()
    json.loads(text)
    assert "http://observe.example:3101/explore" in text
    assert "localhost" not in text


def test_alertmanager_finds_its_templates_and_the_inbox(written: Workspace) -> None:
    text = (written.config / "alertmanager/generated/alertmanager.yaml").read_text()
    assert str(written.config / "alertmanager/templates") in text
    assert "127.0.0.1:1125" in text
    assert "/etc/alertmanager" not in text


def test_the_repository_is_not_written_to(written: Workspace) -> None:
    assert not (config_root() / "prometheus/targets").exists()
    assert written.root not in config_root().parents


def test_wiping_takes_ours_and_leaves_what_is_not(tmp_path: Path) -> None:
    other = Workspace(tmp_path)
    other.prepare()
    (tmp_path / "thesis.tex").write_text("precious")
    (tmp_path / "plan.json").write_text("{}")
    (other.data("loki")).mkdir(parents=True)
    (other.foreign_logs / "mine.log").write_text("precious")
    other.wipe()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign-logs", "thesis.tex"]
