"""Each server's own check accepts its configuration: as it lies in the repository, and as rendered natively."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.stack._ports import Ports
from heliograph.stack._servers import SERVERS, Context, plan_server

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.stack._workspace import Workspace

Run = Any  # tests/config/conftest.py


def environment(workspace: Workspace, name: str) -> dict[str, str]:
    """Return the variables that the launcher sets for a server."""
    server = next(server for server in SERVERS if server.name == name)
    context = Context(
        ports=Ports.at(100),
        config=workspace.config,
        data=workspace.data(name),
        binary=name,
        links=workspace.settings([], Ports.at(100)).links,
        retention={"prometheus": "15d", "loki": "14d", "jaeger": "168h"},
        loki_ruler="15s",
        foreign_logs=workspace.foreign_logs,
    )
    return plan_server(server, context, log=workspace.log(name)).env


def test_the_collector_accepts_its_file_with_no_variable_set(run: Run, root: Path) -> None:
    checked = run("collector", "validate", f"--config={root}/collector/otelcol.yaml")
    assert checked.returncode == 0, checked.stdout


def test_the_collector_accepts_its_file_with_the_launchers_variables(run: Run, workspace: Workspace) -> None:
    env = environment(workspace, "collector")
    checked = run("collector", "validate", f"--config={workspace.config}/collector/otelcol.yaml", env=env)
    assert checked.returncode == 0, checked.stdout


def test_every_variable_of_the_launcher_is_one_the_file_reads(workspace: Workspace, root: Path) -> None:
    files = {
        "collector": ("collector/otelcol.yaml", "collector/exposed.yaml"),
        "loki": ("loki/loki.yaml",),
        "jaeger": ("jaeger/jaeger.yaml",),
    }
    for name, read in files.items():
        text = "".join((root / file).read_text() for file in read)
        unread = [key for key in environment(workspace, name) if key not in text and key != "GOMEMLIMIT"]
        assert unread == [], f"{name}: set, and read by nobody"


def test_the_collectors_health_page_is_an_empty_configuration(run: Run, root: Path, tmp_path: Path, load: Any) -> None:
    """Docker's health check reads the page as one more file; only while healthy may that succeed."""
    page = load("collector/otelcol.yaml")["extensions"]["health_check"]["response_body"]["healthy"]
    for text, accepted in ((page, True), ('{"status":"Server not available"}', False)):
        (tmp_path / "page.yaml").write_text(text)
        checked = run(
            "collector", "validate", f"--config={root}/collector/otelcol.yaml", f"--config={tmp_path}/page.yaml"
        )
        assert (checked.returncode == 0) is accepted, checked.stdout


def test_prometheus_accepts_the_native_configuration(run: Run, workspace: Workspace) -> None:
    checked = run("promtool", "check", "config", str(workspace.config / "prometheus/prometheus.yml"))
    assert checked.returncode == 0, checked.stdout
    # The only file that may be missing: nobody has switched an application's scrape on.
    assert [line for line in checked.stdout.splitlines() if "WARNING" in line and "applications" not in line] == []


def test_prometheus_accepts_what_docker_mounts(run: Run, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "docker/generated", tmp_path / "server")
    shutil.copytree(root / "prometheus/generated", tmp_path / "generated")
    shutil.copytree(root / "docker/targets", tmp_path / "targets")
    checked = run("promtool", "check", "config", str(tmp_path / "server/prometheus.yml"))
    assert checked.returncode == 0, checked.stdout
    assert [line for line in checked.stdout.splitlines() if "WARNING" in line and "applications" not in line] == []


def test_alertmanager_accepts_the_native_configuration(run: Run, workspace: Workspace) -> None:
    checked = run("amtool", "check-config", str(workspace.config / "alertmanager/generated/alertmanager.yaml"))
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("place", ["repository", "native"])
def test_loki_accepts_its_file(run: Run, root: Path, workspace: Workspace, tmp_path: Path, place: str) -> None:
    native = place == "native"
    config = workspace.config if native else root
    env = environment(workspace, "loki") if native else {"HELIOGRAPH_LOKI_DIR": str(tmp_path)}
    checked = run(
        "loki",
        f"-config.file={config}/loki/loki.yaml",
        "-config.expand-env=true",
        "-verify-config",
        env=env,
        cwd=tmp_path,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("place", ["repository", "native"])
def test_jaeger_accepts_its_file(run: Run, root: Path, workspace: Workspace, place: str) -> None:
    native = place == "native"
    config = workspace.config if native else root
    env = environment(workspace, "jaeger") if native else {}
    checked = run("jaeger", "validate", f"--config={config}/jaeger/jaeger.yaml", env=env)
    assert checked.returncode == 0, checked.stdout


# tool -> arguments, file, a key of it, and that key misspelled
MISSPELLED = {
    "collector": (["validate", "--config={file}"], "collector/otelcol.yaml", "sending_queue:", "sending_line:"),
    "jaeger": (["validate", "--config={file}"], "jaeger/jaeger.yaml", "trace_storage:", "trace_shop:"),
    "loki": (["-config.file={file}", "-verify-config"], "loki/loki.yaml", "max_chunk_age:", "max_chunk_years:"),
    "promtool": (["check", "config", "{file}"], "prometheus/prometheus.yml", "rule_files:", "rule_file:"),
}


@pytest.mark.parametrize("tool", MISSPELLED)
def test_the_checks_notice_a_misspelled_key(run: Run, root: Path, tmp_path: Path, tool: str) -> None:
    arguments, file, good, bad = MISSPELLED[tool]
    text = (root / file).read_text()
    assert good in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(good, bad))
    checked = run(tool, *(argument.format(file=broken) for argument in arguments), cwd=tmp_path)
    assert checked.returncode != 0
