"""Docker: what a container may do, and what is reachable when the stack is exposed, as the real compose reads it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from heliograph.config import load as load_config
from heliograph.config import render as generated
from heliograph.secure._folder import Folder
from heliograph.secure._layout import initialise
from heliograph.secure._overlay import LOKI_FLAGS, NO_CONTEXT, grafana_variables
from heliograph.secure._render import render
from heliograph.stack._paths import config_root

MAIN, EXPOSED = "docker-compose.observability.yml", "docker-compose.exposed.yml"
ALL = "0.0.0.0"
Run = Any  # tests/config/conftest.py


@dataclass(frozen=True)
class Container:
    """What one service may do, on loopback and exposed."""

    user: str
    memory_mib: int
    cpus: float
    volume: str | None
    """The only thing it may write to, besides /tmp in memory."""
    ports: tuple[int, ...]
    """Published on loopback."""
    exposed: tuple[int, ...]
    """Published to others by the overlay."""


CONTAINERS = {
    "collector": Container("10001:10001", 1024, 2, "collector", (4317, 4318), (4317, 4318)),
    "prometheus": Container("65534:65534", 2048, 2, "prometheus", (9090,), (9090,)),
    "alertmanager": Container("65534:65534", 256, 1, "alertmanager", (9093,), (9093,)),
    "loki": Container("10001:10001", 2048, 2, "loki", (3100,), ()),
    "jaeger": Container("10001:10001", 2048, 2, "jaeger", (16686,), (16686,)),
    "grafana": Container("472:0", 512, 1, "grafana", (3001,), (3001,)),
    "meter": Container("10001:10001", 1024, 1, "meter", (), ()),
    "canary": Container("10001:10001", 256, 1, None, (), ()),
    "inbox": Container("10001:10001", 256, 1, "inbox", (8025,), ()),
}
INNER_ONLY = {"plain": {"meter", "canary"}, "exposed": {"meter", "canary", "loki"}}


def compose(run: Run, *files: str, **env: str) -> Any:
    arguments = [argument for file in files for argument in ("--file", file)]
    shown = run("docker-compose", *arguments, "config", "--format", "json", env={"HOME": "/nonexistent", **env})
    assert shown.returncode == 0, shown.stdout
    return json.loads(shown.stdout[shown.stdout.index("{") :])


@pytest.fixture(scope="module")
def plain(run: Run) -> Any:
    return compose(run, MAIN)


@pytest.fixture(scope="module")
def exposed(run: Run) -> Any:
    return compose(run, MAIN, EXPOSED)


@pytest.fixture(params=["plain", "exposed"])
def stack(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_every_service_has_its_row(plain: Any) -> None:
    assert CONTAINERS.keys() | {"volumes"} == plain["services"].keys()


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_can_do_no_more_than_it_must(stack: Any, name: str) -> None:
    service, row = stack["services"][name], CONTAINERS[name]
    assert service["user"] == row.user
    assert service["user"].split(":")[0] != "0"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert service.get("network_mode") is None
    assert int(service["mem_limit"]) == row.memory_mib * 2**20
    assert service["cpus"] == row.cpus
    assert service["pids_limit"] <= 512
    (scratch,) = service["tmpfs"]
    assert scratch.startswith("/tmp:size=64m") and "noexec" in scratch  # noqa: PT018 - one line of one thing
    written = [mount["source"] for mount in service.get("volumes", ()) if not mount.get("read_only")]
    assert set(written) == ({row.volume} if row.volume else set())


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_the_garbage_collector_aims_at_is_within_the_limit(plain: Any, name: str) -> None:
    soft = re.fullmatch(r"(\d+)MiB", plain["services"][name].get("environment", {}).get("GOMEMLIMIT", "0MiB"))
    assert soft
    assert int(soft[1]) <= CONTAINERS[name].memory_mib / 2


def test_limits_can_be_changed_from_outside(run: Run) -> None:
    services = compose(run, MAIN, HELIOGRAPH_LOKI_MEMORY="4g", HELIOGRAPH_COLLECTOR_CPUS="1")["services"]
    assert int(services["loki"]["mem_limit"]) == 4 * 2**30
    assert services["collector"]["cpus"] == 1


@pytest.mark.parametrize("which", INNER_ONLY)
def test_only_what_must_reach_the_world_is_on_its_network(request: pytest.FixtureRequest, which: str) -> None:
    stack = request.getfixturevalue(which)
    assert stack["networks"]["inner"]["internal"] is True
    services = {name: one for name, one in stack["services"].items() if name in CONTAINERS}
    assert all("inner" in service["networks"] for service in services.values())
    assert {name for name, one in services.items() if "front" not in one["networks"]} == INNER_ONLY[which]


def _published(stack: Any) -> list[tuple[str, int, str]]:
    """List every one: a service may publish a port at two addresses."""
    return sorted(
        (name, int(port["published"]), port.get("host_ip", ALL))
        for name, service in stack["services"].items()
        for port in service.get("ports", ())
    )


def test_nothing_is_published_beyond_loopback(plain: Any) -> None:
    expected = [(name, port, "127.0.0.1") for name, row in CONTAINERS.items() for port in row.ports]
    assert _published(plain) == sorted(expected)


def test_exposed_publishes_only_what_asks_who_is_there(exposed: Any) -> None:
    expected = [(name, port, ALL) for name, row in CONTAINERS.items() for port in row.exposed]
    assert _published(exposed) == sorted([*expected, ("inbox", 8025, "127.0.0.1")])


def test_exposed_can_be_kept_to_one_address(run: Run) -> None:
    ports = _published(compose(run, MAIN, EXPOSED, HELIOGRAPH_LISTEN="192.0.2.7"))
    assert {address for _, _, address in ports} == {"192.0.2.7", "127.0.0.1"}


def test_secrets_are_files_of_one_service_each(exposed: Any) -> None:
    mounts = {
        name: [mount for mount in service.get("volumes", ()) if "/secrets/" in mount["source"]]
        for name, service in exposed["services"].items()
    }
    for name in CONTAINERS.keys() - {"inbox"}:
        (mount,) = mounts[name]
        assert mount["source"].endswith(f"/secrets/exposed/servers/{name}")
        assert mount["read_only"] is True
    assert mounts["inbox"] == []


def test_every_file_that_is_named_is_laid_out(exposed: Any, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "secrets")
    initialise(folder, ["observe.example.com"], docker=True)
    for name, service in exposed["services"].items():
        where = [mount["target"] for mount in service.get("volumes", ()) if "/secrets/" in mount["source"]]
        if not where:
            continue
        said = json.dumps([service.get("command"), service.get("environment"), service.get("healthcheck")])
        for mount in service["volumes"]:
            source = Path(mount["source"])
            for file in [source] if source.is_file() else source.glob("exposed*"):
                if file.is_file() and "exposed" in file.name:
                    said += file.read_text(encoding="utf-8")
        said = re.sub(r"\$\{env:HELIOGRAPH_SECRETS_DIR:-([^}]+)\}", r"\1", said)
        named = set(re.findall(re.escape(where[0]) + r"/([\w.-]+)", said))
        if name == "prometheus":  # relative to the file's own folder
            named |= set(re.findall(r"secrets/([\w.-]+)", said))
        missing = [one for one in named if not (folder.server(name) / one).is_file()]
        assert named, name
        assert missing == [], name


def test_containers_can_read_what_is_theirs_and_nobody_else_the_rest(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "secrets")
    initialise(folder, [], docker=True)
    readable = {path for path in folder.files() if path.stat().st_mode & 0o004}
    assert {path.relative_to(folder.path).parts[0] for path in readable} == {"servers"}
    assert folder.server("collector") / "front.key" in readable
    assert not any(folder.server("operator") in path.parents for path in readable)
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_docker_and_native_ask_for_the_same(exposed: Any) -> None:
    services = exposed["services"]
    assert set(LOKI_FLAGS) <= set(services["loki"]["command"])
    assert NO_CONTEXT in services["collector"]["command"]
    variables = grafana_variables("/etc/grafana/secrets")
    # `docker compose config` writes a dollar sign twice.
    settings = {name: services["grafana"]["environment"][name].replace("$$", "$") for name in variables}
    assert settings == variables


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_the_overlay_changes_no_other_flag(plain: Any, exposed: Any, name: str) -> None:
    own = re.compile(r"--(config\.file|web\.config\.file|web\.external-url)=")
    before, after = (
        {flag for flag in stack["services"][name]["command"] if not own.match(flag)} for stack in (plain, exposed)
    )
    assert before == after


def test_a_promise_of_ones_own_reaches_the_exposed_prometheus_as_well(exposed: Any, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("durability: {outage: 30m, late: 1h, slack: 30m}\nintervals: {evaluation: 10s}\n")
    service = exposed["services"]["prometheus"]
    (read,) = [flag.split("=", 1)[1] for flag in service["command"] if flag.startswith("--config.file=")]
    (folder,) = [mount["source"] for mount in service["volumes"] if mount["target"] == str(Path(read).parent)]
    file = (Path(folder) / Path(read).name).relative_to(config_root())
    for config, window, evaluation in ((load_config(), "10h", "5s"), (load_config(overlays=[overlay]), "2h", "10s")):
        said = YAML(typ="safe").load(generated(config)[str(file)])
        assert said["storage"]["tsdb"]["out_of_order_time_window"] == window
        assert said["global"]["evaluation_interval"] == evaluation


@pytest.mark.parametrize("name", ["collector", "loki", "jaeger"])
def test_the_overlay_keeps_every_argument(plain: Any, exposed: Any, name: str) -> None:
    assert set(plain["services"][name]["command"]) <= set(exposed["services"][name]["command"])


def test_no_service_speaks_in_the_clear_to_another(exposed: Any) -> None:
    for name, service in exposed["services"].items():
        said = json.dumps([service.get("command"), service.get("environment")])
        assert re.findall(r"http://(?!localhost)[a-z]+", said) == [], name


def test_grafana_lets_nobody_in_without_a_password_of_its_own(exposed: Any) -> None:
    settings = exposed["services"]["grafana"]["environment"]
    assert settings["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    # Not the variables ending in __FILE: only the image's start script knows them.
    assert settings["GF_SECURITY_ADMIN_PASSWORD"] == "$$__file{/etc/grafana/secrets/admin_password}"
    secret = {name: text for name, text in settings.items() if name.endswith(("PASSWORD", "SECRET"))}
    assert all(text.startswith("$$__file{/etc/grafana/secrets/") for text in secret.values())


def test_a_passing_check_of_health_shows_no_secret(exposed: Any) -> None:
    for name, service in exposed["services"].items():
        said = " ".join(service.get("healthcheck", {}).get("test", ()))
        assert not re.search(r"(?i)basic|bearer|://[^/ ]+@", said), name


@pytest.mark.parametrize("path", render())
def test_generated_files_are_those_of_the_plain_configuration(root: Path, path: str) -> None:
    assert (root / path).read_text(encoding="utf-8") == render()[path], "python -m heliograph.secure._render"


def test_the_real_tools_read_the_exposed_configuration(run: Run, root: Path, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "secrets")
    initialise(folder, [])
    own = {"HELIOGRAPH_SECRETS_DIR": str(folder.server("collector")), "HELIOGRAPH_QUEUE_DIR": str(tmp_path)}
    files = ["otelcol.yaml", "exposed.yaml", "exposed-pipelines.yaml"]
    read = run("collector", "validate", *[f"--config={root}/collector/{name}" for name in files], env=own)
    assert read.returncode == 0, read.stdout
    own = {"HELIOGRAPH_SECRETS_DIR": str(folder.server("jaeger"))}
    files = ["jaeger.yaml", "exposed.yaml"]
    read = run("jaeger", "validate", *[f"--config={root}/jaeger/{name}" for name in files], env=own)
    assert read.returncode == 0, read.stdout
    (tmp_path / "prometheus.yml").write_text(
        (root / "docker/generated/exposed-prometheus.yml")
        .read_text()
        .replace("../secrets/", f"{folder.server('prometheus')}/")
    )
    read = run("promtool", "check", "config", "--syntax-only", str(tmp_path / "prometheus.yml"))
    assert read.returncode == 0, read.stdout
    for name in ("prometheus", "alertmanager"):
        read = run("promtool", "check", "web-config", str(folder.server(name) / "web.yml"))
        assert read.returncode == 0, read.stdout
