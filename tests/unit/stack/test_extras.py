"""What heliograph.yaml switches on is passed to the server it is about, from the file to the plan; secrets are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from heliograph.config import ConfigError
from heliograph.stack import Stack
from heliograph.stack._plan import read_plan, write_plan
from heliograph.stack._servers import SERVERS
from heliograph.stack._stack import _chosen

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.stack._plan import Plan, PlannedServer

SECRET = "lsv2_pt_0123456789abcdef0123456789abcdef"
KEY = "HELIOGRAPH_LANGSMITH_API_KEY_FILE"


@pytest.fixture(autouse=True)
def _shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRAFANA_HOME", "AWS_SHARED_CREDENTIALS_FILE", KEY):
        monkeypatch.delenv(name, raising=False)


def plan(tmp_path: Path, text: str, environment: dict[str, dict[str, str]] | None = None) -> Plan:
    """Make the plan of a stack with this overlay, as `heliograph up` would leave it in the state folder."""
    (tmp_path / "my.yaml").write_text(text)
    (tmp_path / "secret").write_text(SECRET + "\n")
    stack = Stack(state=tmp_path / "state", overlays=[tmp_path / "my.yaml"], environment=environment)
    stack.workspace.prepare()
    settings = stack._settings()
    servers = _chosen(settings)
    stack.workspace.write(settings, stack.ports, [server.name for server in servers])
    made = stack._plan(servers, {server.name: server.name for server in servers}, settings)
    write_plan(stack.workspace.root / "plan.json", made)
    read = read_plan(stack.workspace.root / "plan.json")
    assert read is not None
    return read


def server(made: Plan, name: str) -> PlannedServer:
    return next(server for server in made.servers if server.name == name)


def everything(tmp_path: Path) -> str:
    """Give all that was written below the state folder."""
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert tmp_path / "state" / "plan.json" in files
    return "".join(path.read_text(errors="replace") for path in files)


def test_a_caller_may_give_one_server_variables_and_no_other(tmp_path: Path) -> None:
    made = plan(tmp_path, "{}", {"collector": {"HELIOGRAPH_QUEUE_BYTES_LOKI": "4000000"}})
    shipped = plan(tmp_path, "{}")
    assert server(made, "collector").env == {
        **server(shipped, "collector").env,
        "HELIOGRAPH_QUEUE_BYTES_LOKI": "4000000",
    }
    assert server(made, "loki") == server(shipped, "loki")


def test_as_shipped_nothing_is_added(tmp_path: Path) -> None:
    made = plan(tmp_path, "{}")
    collector = server(made, "collector")
    assert [text for text in collector.argv if text.startswith("--config")] == [
        f"--config={tmp_path}/state/config/collector/otelcol.yaml"
    ]
    assert [key for one in made.servers for key in one.env if "LANGSMITH" in key or "AWS" in key] == []


def test_the_copy_to_langsmith_is_one_file_and_three_variables_more(tmp_path: Path) -> None:
    langsmith = "{enabled: true, api_key_file: secret, project: my team, url: https://eu.api.smith.langchain.com/}"
    without, made = plan(tmp_path, "{}"), plan(tmp_path, f"destinations: {{langsmith: {langsmith}}}")
    before, after = server(without, "collector"), server(made, "collector")
    assert after.argv == (*before.argv, f"--config={tmp_path}/state/config/collector/langsmith.yaml")
    assert (tmp_path / "state/config/collector/langsmith.yaml").is_file()
    assert {key: after.env[key] for key in after.env.keys() - before.env.keys()} == {
        KEY: str(tmp_path / "secret"),
        "HELIOGRAPH_LANGSMITH_PROJECT": "my team",
        "HELIOGRAPH_LANGSMITH_URL": "https://eu.api.smith.langchain.com",
    }
    rest = [one for one in made.servers if one.name != "collector"]
    assert rest == [one for one in without.servers if one.name != "collector"]
    assert SECRET not in everything(tmp_path)


def test_a_dollar_sign_is_no_variable_to_the_collector(tmp_path: Path) -> None:
    made = plan(tmp_path, 'destinations: {langsmith: {enabled: true, api_key_file: secret, project: "${env:HOME} $5"}}')
    assert server(made, "collector").env["HELIOGRAPH_LANGSMITH_PROJECT"] == "$${env:HOME} $$5"


TEXT_MESSAGES: dict[str, tuple[str, dict[str, str]]] = {
    "off": ("sns: {credentials_file: secret}", {}),
    "by SNS": ("enabled: true, sns: {credentials_file: secret}", {"AWS_SHARED_CREDENTIALS_FILE": "{}/secret"}),
    "by SNS, as the machine's role": ("enabled: true, sns: {credentials_file: null}", {}),
    "by a gateway": ("enabled: true, via: webhook, webhook_url_file: secret", {}),
}


@pytest.mark.parametrize("name", TEXT_MESSAGES)
def test_alertmanager_is_told_where_the_credentials_for_text_messages_are(tmp_path: Path, name: str) -> None:
    said, expected = TEXT_MESSAGES[name]
    made = plan(tmp_path, f'channels: {{sms: {{numbers: ["+491701234567"], {said}}}}}')
    env = server(made, "alertmanager").env
    assert {key: value for key, value in env.items() if key.startswith("AWS")} == {
        key: value.format(tmp_path) for key, value in expected.items()
    }
    assert SECRET not in everything(tmp_path)


def test_without_the_key_nothing_starts_and_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: Any, **__: Any) -> None:
        raise AssertionError("it went on")

    monkeypatch.setattr("heliograph.stack._build.build", build)
    (tmp_path / "my.yaml").write_text("destinations:\n  langsmith: {enabled: true, api_key_file: gone}\n")
    stack = Stack(state=tmp_path / "state", overlays=[tmp_path / "my.yaml"])
    with pytest.raises(ConfigError, match=r"my\.yaml:2: destinations.*there is no file .*gone, and langsmith is on"):
        stack.up()
    assert not stack.workspace.config.exists()


def test_a_row_is_added_to_for_a_server_of_the_table_only(tmp_path: Path) -> None:
    """A name that no row has would be forgotten without a word."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "my.yaml").write_text(
        'channels: {sms: {enabled: true, numbers: ["+491701234567"], sns: {credentials_file: secret}}}\n'
        "destinations: {langsmith: {enabled: true, api_key_file: secret}}\n"
    )
    extras = Stack(state=tmp_path / "state", overlays=[tmp_path / "my.yaml"])._settings().extras
    assert extras.keys() == {"alertmanager", "collector", "loki", "prometheus"}
    assert extras.keys() <= {row.name for row in SERVERS}
