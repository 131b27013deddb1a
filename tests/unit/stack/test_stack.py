from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.config import load
from heliograph.errors import HeliographError
from heliograph.stack import Stack
from heliograph.stack._plan import PLAN, Plan, write_plan
from heliograph.stack._stack import _chosen, _grafana_program, grafana_note
from heliograph.stack._workspace import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Soon = Callable[..., None]

Fakes = Any  # tests/unit/stack/conftest.py


def settings(*, inbox: bool = True, canary: bool = True) -> Settings:
    config = load().merged({"canary": {"enabled": canary}})
    return Settings(config, {}, {}, inbox, {})


def test_a_stack_of_its_own_offset_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIOGRAPH_STATE", str(tmp_path))
    assert Stack().workspace.root == tmp_path / "stack-0"
    assert Stack(offset=100).workspace.root == tmp_path / "stack-100"
    assert Stack(offset=100).ports.prometheus == 9190
    assert list(tmp_path.iterdir()) == [], "looking writes nothing"


def test_before_the_first_start_there_is_nothing_to_see(tmp_path: Path) -> None:
    stack = Stack(state=tmp_path)
    assert not stack.running
    assert stack.status() == []
    assert stack.urls == {}
    assert not stack.down()


def test_a_folder_knows_the_offset_it_was_started_with(tmp_path: Path) -> None:
    assert Stack(offset=300, state=tmp_path).planned_offset == 300
    write_plan(tmp_path / PLAN, Plan(servers=(), links={}, offset=700))
    assert Stack(state=tmp_path).planned_offset == 700


def test_a_killed_server_comes_back(fakes: Fakes, soon: Soon) -> None:
    fakes.launch(fakes.server("one"))
    stack = Stack(state=fakes.workspace.root)
    before = stack.status()[0]
    stack.kill("one")
    soon(lambda: [status.ready and status.restarts for status in stack.status()] == [1])
    assert stack.status()[0].pid != before.pid


def test_one_server_can_be_kept_stopped(fakes: Fakes) -> None:
    fakes.launch(fakes.server("one"), fakes.server("two"))
    stack = Stack(state=fakes.workspace.root)
    stack.stop_one("one", timeout=5.0)
    stack.stop_one("two", timeout=5.0)
    assert [status.state for status in stack.status()] == ["stopped", "stopped"]
    stack.start_one("one", timeout=5.0)
    assert [status.state for status in stack.status()] == ["ready", "stopped"]
    with pytest.raises(HeliographError, match="two is not running"):
        stack.kill("two")


@pytest.mark.parametrize("ask", [lambda stack: stack.kill("loki"), lambda stack: stack.stop_one("loki")])
def test_asking_a_stack_that_does_not_run_is_told_so(tmp_path: Path, ask: Callable[[Stack], None]) -> None:
    with pytest.raises(HeliographError, match="is not running"):
        ask(Stack(state=tmp_path))


def test_a_running_stack_is_not_wiped(fakes: Fakes) -> None:
    fakes.launch(fakes.server("one"))
    with pytest.raises(HeliographError, match="is running"):
        Stack(state=fakes.workspace.root).wipe()
    assert fakes.workspace.log("one").exists()


def test_logs_have_names(tmp_path: Path) -> None:
    stack = Stack(state=tmp_path)
    assert stack.log_path("loki") == tmp_path / "logs" / "loki.log"
    assert stack.log_path("supervisor").name == "supervisor.log"
    with pytest.raises(HeliographError) as caught:
        stack.log_path("../../etc/passwd")
    assert caught.value.exit_code == 2


def test_grafana_runs_only_where_an_installation_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GRAFANA_HOME", raising=False)
    assert "grafana" not in [server.name for server in _chosen(settings(inbox=True))]
    assert "GRAFANA_HOME" in grafana_note()
    monkeypatch.setenv("GRAFANA_HOME", str(tmp_path))
    assert "grafana" in [server.name for server in _chosen(settings(inbox=True))]
    assert grafana_note() == ""
    with pytest.raises(HeliographError, match="names no installation"):
        _grafana_program()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "grafana").write_text("")
    assert _grafana_program() == str(tmp_path / "bin" / "grafana")


def test_the_inbox_runs_when_it_is_on() -> None:
    assert "inbox" in [server.name for server in _chosen(settings(inbox=True))]
    assert "inbox" not in [server.name for server in _chosen(settings(inbox=False))]


def test_the_canary_runs_when_it_is_on() -> None:
    assert "canary" in [server.name for server in _chosen(settings())]
    assert "canary" not in [server.name for server in _chosen(settings(canary=False))]


def test_importing_the_package_brings_no_process_library() -> None:
    import subprocess

    script = "import sys, heliograph.stack._paths; sys.exit('psutil' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
