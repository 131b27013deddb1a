"""Grafana's files: stable uids, links in every direction, nobody but viewers. Grafana itself cannot be built here."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import Any

import pytest

from heliograph.stack._servers import SERVERS

PROVISIONING = ("grafana/provisioning/datasources/heliograph.yaml", "grafana/provisioning/dashboards/heliograph.yaml")


@pytest.fixture(scope="module")
def sources(load: Any) -> dict[str, Any]:
    return {source["uid"]: source for source in load(PROVISIONING[0])["datasources"]}


@pytest.fixture(scope="module")
def ini(root: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(inline_comment_prefixes=(";",))
    parser.read(root / "grafana/grafana.ini")
    return parser


def test_the_uids_are_those_that_boards_name(sources: dict[str, Any]) -> None:
    assert {uid: source["type"] for uid, source in sources.items()} == {
        uid: uid for uid in ("prometheus", "loki", "jaeger", "alertmanager")
    }
    assert [uid for uid, source in sources.items() if source.get("isDefault")] == ["prometheus"]
    assert not any(source["editable"] for source in sources.values())


@pytest.mark.parametrize(
    ("start", "end", "find"),
    [
        ("prometheus", "jaeger", lambda data: data["exemplarTraceIdDestinations"]),
        ("loki", "jaeger", lambda data: data["derivedFields"]),
        ("loki", "prometheus", lambda data: data["derivedFields"]),
        ("jaeger", "loki", lambda data: [data["tracesToLogsV2"]]),
        ("jaeger", "prometheus", lambda data: [data["tracesToMetrics"]]),
    ],
)
def test_links_lead_in_every_direction(sources: dict[str, Any], start: str, end: str, find: Any) -> None:
    assert end in {entry["datasourceUid"] for entry in find(sources[start]["jsonData"])}


def test_exemplars_and_records_name_the_trace_as_opentelemetry_does(sources: dict[str, Any]) -> None:
    assert sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"][0]["name"] == "trace_id"
    assert sources["loki"]["jsonData"]["derivedFields"][0]["matcherRegex"] == "trace_id"


@pytest.mark.parametrize("name", PROVISIONING)
def test_every_dollar_is_a_variable_that_is_set_or_an_escaped_one(root: Path, name: str) -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", (root / name).read_text())
    variables = set(re.findall(r"\$(\w+)", text.replace("$$", "")))
    assert variables
    native = next(server for server in SERVERS if server.name == "grafana").env
    compose = (root / "docker-compose.observability.yml").read_text()
    assert variables <= native.keys()
    assert all(f"{variable}: " in compose for variable in variables)
    assert "${" not in text.replace("$${", "")


def test_visitors_look_and_nobody_logs_in(ini: configparser.ConfigParser) -> None:
    assert ini["auth.anonymous"]["enabled"] == "true"
    assert ini["auth.anonymous"]["org_role"] == "Viewer"
    assert ini["security"]["disable_initial_admin_creation"] == "true"
    assert ini["auth"]["disable_login_form"] == "true"
    assert ini["auth.basic"]["enabled"] == "false"
    assert ini["server"]["http_addr"] == "127.0.0.1"


def test_the_bundled_data_sources_stay_as_they_were_shipped(ini: configparser.ConfigParser) -> None:
    assert ini["plugins"]["preinstall_disabled"] == "true"


def test_the_home_page_is_a_board_that_exists(root: Path, load: Any) -> None:
    key = "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
    native = next(server for server in SERVERS if server.name == "grafana").env[key]
    docker = load("docker-compose.observability.yml")["services"]["grafana"]["environment"][key]
    assert Path(native).name == Path(docker).name
    assert (root / "dashboards/generated" / Path(docker).name).is_file()


def test_boards_come_from_files_and_stay_as_they_are(load: Any) -> None:
    provider = load(PROVISIONING[1])["providers"][0]
    assert provider["disableDeletion"] is True
    assert provider["allowUiUpdates"] is False


def test_jaegers_links_lead_to_sources_that_exist(root: Path, sources: dict[str, Any]) -> None:
    links = json.loads((root / "jaeger/ui.json").read_text())["linkPatterns"]
    assert links
    named = {uid for link in links for uid in re.findall(r"%22uid%22:%22(\w+)%22", link["url"])}
    assert named
    assert named <= sources.keys()
