"""The compose files as the real `docker compose` reads them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heliograph._version import __version__
from heliograph.config import load as load_config
from heliograph.stack._ports import Ports
from heliograph.stack._servers import SERVERS, Context, plan_server
from heliograph.stack._versions import images
from heliograph.stack._workspace import _in_hours

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN = "docker-compose.observability.yml"


@dataclass(frozen=True)
class Overlay:
    """What `docker-compose.<name>.yml` brings: a secret to one service, and these additions of that service's."""

    secret: str
    service: str = "alertmanager"
    command: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()


OVERLAYS = {
    "slack": Overlay("slack_webhook_url"),
    "email": Overlay("smtp_password"),
    "sms": Overlay("aws_credentials", variables=("AWS_SHARED_CREDENTIALS_FILE",)),
    "pagerduty": Overlay("pagerduty_routing_key"),
    "opsgenie": Overlay("opsgenie_api_key"),
    "msteams": Overlay("msteams_webhook_url"),
    "discord": Overlay("discord_webhook_url"),
    "telegram": Overlay("telegram_bot_token"),
    "webhook": Overlay("webhook_url"),
    "deadman": Overlay("deadman_url"),
    "langsmith": Overlay(
        "langsmith_api_key",
        service="collector",
        command=("--config=/etc/otelcol/langsmith.yaml",),
        variables=("HELIOGRAPH_LANGSMITH_PROJECT", "HELIOGRAPH_LANGSMITH_URL"),
        mounts=("/etc/otelcol/langsmith.yaml",),
    ),
}
ONE_SHOT = "volumes"
PREPARES = ["CHOWN", "DAC_READ_SEARCH", "FOWNER"]
"""What it must be able to do with folders that are not its own: give them away, look into them, set an attribute."""

Run = Any  # tests/config/conftest.py


def compose(run: Run, *files: str, env: dict[str, str] | None = None) -> Any:
    arguments = [argument for file in files for argument in ("--file", file)]
    shown = run("docker-compose", *arguments, "config", "--format", "json", env={"HOME": "/nonexistent", **(env or {})})
    assert shown.returncode == 0, shown.stdout
    return json.loads(shown.stdout[shown.stdout.index("{") :])


@pytest.fixture(scope="module")
def stack(run: Run) -> Any:
    return compose(run, MAIN)


@pytest.fixture(scope="module")
def services(stack: Any) -> dict[str, Any]:
    found: dict[str, Any] = stack["services"]
    return found


def test_every_server_of_the_table_is_there(services: dict[str, Any]) -> None:
    assert services.keys() - {ONE_SHOT} == {server.name for server in SERVERS}


def test_docker_runs_the_versions_that_are_built_natively(services: dict[str, Any]) -> None:
    expected = {**images(), **dict.fromkeys(("canary", "inbox", "meter"), f"heliograph/heliograph:{__version__}")}
    assert {name: service["image"] for name, service in services.items() if name != ONE_SHOT} == expected


def test_every_image_has_a_tag_that_does_not_move(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), f"{name}: {service['image']}"


def test_our_own_image_is_built_on_one_with_a_tag_that_does_not_move(root: Path) -> None:
    bases = re.findall(r"(?m)^FROM (\S+)", (root / "docker/Dockerfile").read_text())
    assert bases
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in bases)


def test_every_port_is_published_on_loopback_only(services: dict[str, Any]) -> None:
    published = [(name, port) for name, service in services.items() for port in service.get("ports", ())]
    assert published
    assert [(name, port) for name, port in published if port.get("host_ip") != "127.0.0.1"] == []
    assert all(service.get("network_mode") != "host" for service in services.values())


def test_people_and_applications_find_the_usual_ports(services: dict[str, Any]) -> None:
    published = {int(port["published"]) for service in services.values() for port in service.get("ports", ())}
    usual = Ports()
    assert published == {
        usual.otlp_grpc,
        usual.otlp_http,
        usual.prometheus,
        usual.alertmanager,
        usual.loki,
        usual.jaeger,
        usual.grafana,
        usual.inbox_http,
    }


def test_every_service_comes_back_and_is_watched(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if name == ONE_SHOT:
            continue
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"][0] == "CMD", f"{name}: these images have no shell to rely on"


def test_every_service_gives_up_the_privileges_it_does_not_need(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["read_only"] is True, name
        assert service.get("cap_add", []) == (PREPARES if name == ONE_SHOT else []), name
        assert not service.get("privileged"), name


def test_logs_of_containers_are_bounded(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert name == ONE_SHOT or service["logging"]["options"]["max-size"], name


def test_data_lives_in_named_volumes_and_configuration_is_read_only(stack: Any, services: dict[str, Any]) -> None:
    for name, service in services.items():
        for mount in service.get("volumes", ()):
            if mount["type"] == "bind":
                assert mount["read_only"], f"{name}: {mount['source']}"
                assert Path(mount["source"]).exists(), f"{name} mounts what is not there: {mount['source']}"
            else:
                assert mount["source"] in stack["volumes"], name


def test_servers_whose_volume_must_be_prepared_wait_for_it(services: dict[str, Any]) -> None:
    prepared = {mount["source"] for mount in services[ONE_SHOT]["volumes"]}
    for name in ("collector", "jaeger", "loki", "prometheus"):
        assert services[name]["depends_on"][ONE_SHOT]["condition"] == "service_completed_successfully"
        assert name in prepared


@pytest.fixture
def prepare(services: dict[str, Any], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run what the one-shot service runs, on folders below `tmp_path` instead of its volumes."""
    if os.geteuid() != 0:
        pytest.skip("giving a folder away takes root")
    service = services[ONE_SHOT]
    script = service["command"][0].replace("$$", "$")
    for mount in service["volumes"]:
        (tmp_path / mount["target"][1:] / "wal").mkdir(parents=True)
        script = re.sub(rf"(?<=\s){mount['target']}\b", str(tmp_path / mount["target"][1:]), script)

    def run(wanted: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
        env = {"HELIOGRAPH_SYNC_WRITES": wanted, "PATH": path}
        shell = ["/bin/sh", *service["entrypoint"][1:], script]
        return subprocess.run(shell, env=env, capture_output=True, text=True, check=False)

    return run


def test_volumes_get_their_owners_and_are_written_through(tmp_path: Path, prepare: Callable[..., Any]) -> None:
    done = prepare("true")
    assert done.returncode == 0, done.stderr
    owners = {path.name: path.stat().st_uid for path in tmp_path.iterdir()}
    assert owners == {"queue": 10001, "badger": 10001, "loki": 10001, "prometheus": 65534}
    if "cannot be written through" in done.stderr:
        return  # on this file system
    assert {name: written_through(tmp_path / name / "wal") for name in owners} == {
        "queue": False,
        "badger": False,
        "loki": True,
        "prometheus": True,
    }
    assert prepare("false").returncode == 0
    assert not [name for name in owners if written_through(tmp_path / name / "wal")]


def written_through(folder: Path) -> bool:
    listed = subprocess.run(["lsattr", "-d", str(folder)], capture_output=True, text=True, check=True)
    return "S" in listed.stdout.split()[0]


def test_a_file_system_that_cannot_write_through_is_told_of_and_starts_nevertheless(
    tmp_path: Path, prepare: Callable[..., Any]
) -> None:
    (tmp_path / "bin").mkdir()
    refuses = tmp_path / "bin" / "chattr"
    refuses.write_text("#!/bin/sh\nexit 1\n")
    refuses.chmod(0o755)
    done = prepare("true", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert done.returncode == 0
    assert "cannot be written through" in done.stderr


def test_no_password_is_shipped_and_no_administrator_made(root: Path) -> None:
    for path in [*root.glob("docker-compose*.yml"), root / "docker/Dockerfile", root / "grafana/grafana.ini"]:
        settings = [line.split("#")[0].split(";")[0] for line in path.read_text().splitlines()]
        # A name, and a file that `heliograph secrets init` makes: tests/config/test_exposed.py.
        settings = [line for line in settings if not re.search(r"ADMIN_(USER: operator$|PASSWORD: \$\$__file{/)", line)]
        assert not [line for line in settings if re.search(r"(?i)admin_(user|password)|changeme|:\s*admin\b", line)], (
            path
        )


def test_retention_and_intervals_are_those_of_the_configuration(services: dict[str, Any]) -> None:
    retention, intervals = load_config().retention, load_config().intervals
    assert services["loki"]["environment"]["HELIOGRAPH_LOKI_RULER_INTERVAL"] == str(intervals.loki_ruler)
    assert f"--storage.tsdb.retention.time={retention.prometheus}" in services["prometheus"]["command"]
    assert services["loki"]["environment"]["HELIOGRAPH_LOKI_RETENTION"] == str(retention.loki)
    assert services["jaeger"]["environment"]["HELIOGRAPH_JAEGER_RETENTION"] == _in_hours(str(retention.jaeger))


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_docker_and_native_pass_the_same_flags(services: dict[str, Any], name: str) -> None:
    """Flags with addresses and folders differ; every other one is equal."""
    server = next(server for server in SERVERS if server.name == name)
    context = Context(
        ports=Ports(),
        config=Path("/config"),
        data=Path("/data"),
        binary=name,
        links={name: f"http://localhost:{getattr(Ports(), name)}"},
        retention={"prometheus": "15d"},
        loki_ruler="15s",
        foreign_logs=Path("/logs"),
    )
    own = re.compile(r"--(config\.file|storage\.(tsdb\.)?path|web\.listen-address)=")
    native = plan_server(server, context, log=Path("/log"))
    assert {flag for flag in services[name]["command"] if not own.match(flag)} == {
        flag for flag in native.argv[1:] if not own.match(flag)
    }
    assert services[name]["environment"]["GOMEMLIMIT"] == native.env["GOMEMLIMIT"]


def test_the_meter_and_the_collector_know_each_other_and_only_they(services: dict[str, Any]) -> None:
    meter, collector = services["meter"], services["collector"]
    assert "ports" not in meter
    assert collector["environment"]["HELIOGRAPH_METER_URL"] == f"http://meter:{Ports().meter}"
    assert meter["command"][:3] == ["meter", f"--listen=0.0.0.0:{Ports().meter}", "--export=http://collector:4318"]
    # Compose stops a service before those it depends on: the meter's last numbers need the collector.
    assert "collector" in meter["depends_on"]
    assert str(Ports().meter) in " ".join(meter["healthcheck"]["test"])


def test_the_canary_knows_where_to_send_and_where_to_look(services: dict[str, Any], root: Path) -> None:
    canary = services["canary"]
    assert "ports" not in canary
    usual = Ports()
    assert canary["command"][:-1] == [
        "canary",
        f"--listen=0.0.0.0:{usual.canary}",
        f"--export=http://collector:{usual.otlp_http}",
        f"--prometheus=http://prometheus:{usual.prometheus}",
        f"--loki=http://loki:{usual.loki}",
        f"--jaeger=http://jaeger:{usual.jaeger}",
    ]
    (mount,) = canary["volumes"]
    assert canary["command"][-1] == f"--config={mount['target']}"
    assert mount["source"] == str(root / "heliograph.yaml")
    assert str(usual.canary) in " ".join(canary["healthcheck"]["test"])


def test_links_follow_the_external_address(run: Run) -> None:
    services = compose(run, MAIN, env={"HELIOGRAPH_EXTERNAL_URL": "http://observe.example"})["services"]
    assert "--web.external-url=http://observe.example:9090" in services["prometheus"]["command"]
    assert "--web.external-url=http://observe.example:9093" in services["alertmanager"]["command"]
    assert services["grafana"]["environment"]["GF_SERVER_ROOT_URL"] == "http://observe.example:3001"


def test_every_target_is_a_service_and_a_port_it_listens_on(root: Path, services: dict[str, Any]) -> None:
    usual = Ports()
    listening = {
        "collector": usual.collector_metrics,
        "prometheus": usual.prometheus,
        "alertmanager": usual.alertmanager,
        "loki": usual.loki,
        "jaeger": usual.jaeger_metrics,
        "grafana": usual.grafana,
        "canary": usual.canary,
    }
    for name, port in listening.items():
        assert name in services
        assert json.loads((root / f"docker/targets/{name}.json").read_text()) == [{"targets": [f"{name}:{port}"]}]


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_brings_its_secret_and_changes_nothing_else(run: Run, stack: Any, name: str) -> None:
    overlay = OVERLAYS[name]
    merged = compose(run, MAIN, f"docker-compose.{name}.yml")
    service = merged["services"][overlay.service]
    assert [entry["target"] for entry in service.pop("secrets")] == [f"/run/secrets/{overlay.secret}"]
    assert merged.pop("secrets")[overlay.secret]["file"].endswith(f"/secrets/{overlay.secret}")
    before = stack["services"][overlay.service]
    assert service["command"] == [*before["command"], *overlay.command]
    assert service["environment"].keys() - before["environment"].keys() == {*overlay.variables}
    added = [mount for mount in service.get("volumes", ()) if mount not in before.get("volumes", ())]
    assert [mount["target"] for mount in added] == [*overlay.mounts]
    assert all(mount["read_only"] and Path(mount["source"]).is_file() for mount in added)
    # Without these additions it is the stack as it was.
    service["command"] = before["command"]
    service["environment"] = {key: service["environment"][key] for key in before["environment"]}
    if added:
        service["volumes"] = [mount for mount in service["volumes"] if mount not in added]
    assert merged == stack


def test_every_overlay_is_tested(root: Path) -> None:
    names = {path.name.split(".")[1] for path in root.glob("docker-compose.*.yml")}
    assert names - {MAIN.split(".")[1], "exposed"} == OVERLAYS.keys()  # `exposed` has a module of its own


def test_the_secrets_are_those_of_the_configuration() -> None:
    config = load_config()
    channels = config.channels
    named = [
        channels.slack.webhook_url_file,
        channels.email.password_file,
        channels.sms.sns.credentials_file,
        channels.pagerduty.routing_key_file,
        channels.opsgenie.api_key_file,
        channels.msteams.webhook_url_file,
        channels.discord.webhook_url_file,
        channels.telegram.bot_token_file,
        channels.webhook.url_file,
        channels.deadman.url_file,
        config.destinations.langsmith.api_key_file,
    ]
    assert [Path(str(name)).name for name in named] == [overlay.secret for overlay in OVERLAYS.values()]


def test_the_copy_to_langsmith_goes_where_the_configuration_says(run: Run) -> None:
    environment = compose(run, MAIN, "docker-compose.langsmith.yml")["services"]["collector"]["environment"]
    langsmith = load_config().destinations.langsmith
    assert environment["HELIOGRAPH_LANGSMITH_PROJECT"] == langsmith.project
    assert environment["HELIOGRAPH_LANGSMITH_URL"] == langsmith.url


def test_the_meter_reads_its_numbers_from_the_mounted_configuration(services: dict[str, Any], root: Path) -> None:
    meter = services["meter"]
    named = next(text.partition("=")[2] for text in meter["command"] if text.startswith("--config="))
    assert (str(root / "heliograph.yaml"), named) in [(one["source"], one["target"]) for one in meter["volumes"]]


def test_the_meter_writes_into_a_volume_that_its_image_prepares(services: dict[str, Any], root: Path) -> None:
    """A fresh named volume takes the owner of the image's folder: the meter is not root."""
    meter = services["meter"]
    folder = meter["environment"]["HELIOGRAPH_METER_DATA"]
    assert ("volume", folder) in [(one["type"], one["target"]) for one in meter["volumes"]]
    dockerfile = (root / "docker/Dockerfile").read_text()
    (install,) = [line for line in dockerfile.splitlines() if "install --directory --owner=10001" in line]
    assert folder in install.split()
