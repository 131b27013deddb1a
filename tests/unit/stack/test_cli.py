"""The commands as a person runs them: a process of their own, with servers that are small scripts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from heliograph.cli import main
from heliograph.stack._launch import halt

Soon = Callable[..., None]
Fakes = Any  # tests/unit/stack/conftest.py

# Runs the real command line on the planned servers of a file instead of the real ones.
DRIVER = """
import json, sys
from pathlib import Path

import heliograph.stack._stack as stack
from heliograph.stack._plan import read_plan

plan = read_plan(Path(sys.argv[1]))
stack.Stack._settings = lambda *_: None  # tests/unit/stack/test_workspace.py looks at these
stack._chosen = lambda *_: []
stack._binaries = lambda *_: {}
stack.Workspace.write = lambda *_: None
stack.Stack._plan = lambda *_: plan

from heliograph.cli import main
main(sys.argv[2:])
"""


class Cli:
    """`heliograph` with fake servers, in the state folder of the test."""

    def __init__(self, fakes: Fakes) -> None:
        self.fakes = fakes
        (fakes.root / "driver.py").write_text(DRIVER)

    def plan(self, *servers: Any) -> None:
        from heliograph.stack._plan import Plan, write_plan

        links = {server.name: server.url for server in servers}
        write_plan(self.fakes.root / "servers.json", Plan(servers=servers, links=links))

    def command(self, *arguments: str) -> list[str]:
        root = self.fakes.root
        which = ["--state", str(self.fakes.workspace.root)]
        return [sys.executable, str(root / "driver.py"), str(root / "servers.json"), *arguments, *which]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=30, check=False)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )


@pytest.fixture
def cli(fakes: Fakes) -> Cli:
    return Cli(fakes)


@pytest.fixture
def stack(cli: Cli) -> Iterator[Cli]:
    """Start a stack of two servers."""
    cli.plan(cli.fakes.server("store"), cli.fakes.server("intake", stop_rank=0))
    started = cli.run("up")
    assert started.returncode == 0, started.stderr
    yield cli
    halt(cli.fakes.workspace, timeout=5.0)


def test_up_says_what_got_ready_and_shows_where(stack: Cli) -> None:
    again = stack.run("up")
    assert again.returncode == 0
    assert "already running" in again.stdout
    assert sorted(stack.fakes.entries("start")) == ["intake", "store"], "a second `up` starts nothing"
    assert "http://localhost:" in again.stdout


def test_status_reports_every_server(stack: Cli) -> None:
    shown = stack.run("status")
    assert shown.returncode == 0
    assert "store" in shown.stdout
    assert "ready" in shown.stdout
    report = json.loads(stack.run("status", "--json").stdout)
    assert report["running"]
    assert report["ready"]
    assert [server["name"] for server in report["servers"]] == ["store", "intake"]
    assert all(server["rss_bytes"] > 0 and server["restarts"] == 0 for server in report["servers"])
    assert "GRAFANA_HOME" in report["notes"]["grafana"]


def test_status_ends_with_1_when_a_server_is_not_ready(stack: Cli) -> None:
    os.kill(stack.fakes.identity("store").pid, signal.SIGSTOP)  # runs, and does not answer
    try:
        report = stack.run("status", "--json")
        assert report.returncode == 1
        assert not json.loads(report.stdout)["ready"]
    finally:
        os.kill(stack.fakes.identity("store").pid, signal.SIGCONT)


def test_down_stops_and_wipe_forgets(stack: Cli) -> None:
    root: Path = stack.fakes.workspace.root
    (root / "data" / "store").mkdir(parents=True)
    stopped = stack.run("down")
    assert stopped.returncode == 0
    assert "The stack is stopped." in stopped.stdout
    assert (root / "data").exists()
    assert stack.run("down", "--wipe", "--yes").returncode == 0
    assert not (root / "data").exists()


def test_wiping_asks_first(cli: Cli) -> None:
    data = cli.fakes.workspace.data("store")
    data.mkdir(parents=True)
    cli.plan()
    refused = subprocess.run(
        cli.command("down", "--wipe"), input="n\n", capture_output=True, text=True, timeout=30, check=False
    )
    assert refused.returncode != 0
    assert data.exists()


def test_status_and_down_without_a_stack(cli: Cli) -> None:
    cli.plan()
    status = cli.run("status")
    assert status.returncode == 1
    assert "heliograph up" in status.stdout
    down = cli.run("down")
    assert down.returncode == 0
    assert "was not running" in down.stdout
    assert json.loads(cli.run("status", "--json").stdout)["running"] is False


def test_logs_shows_the_last_lines_and_knows_the_names(stack: Cli) -> None:
    log = stack.fakes.workspace.log("loki")
    log.write_text("".join(f"line {number}\n" for number in range(10)))
    shown = stack.run("logs", "loki", "-n", "2")
    assert shown.stdout == "line 8\nline 9\n"
    unknown = stack.run("logs", "lokki")
    assert unknown.returncode == 2
    assert "loki" in unknown.stderr
    assert "Traceback" not in unknown.stderr


def test_logs_follows_a_log_also_over_its_cut(cli: Cli, soon: Soon, tmp_path: Path) -> None:
    log = cli.fakes.workspace.log("loki")
    log.parent.mkdir(parents=True)
    log.write_text("before\n")
    shown = tmp_path / "shown"
    with shown.open("w") as output:
        process = subprocess.Popen(cli.command("logs", "loki", "--follow"), stdout=output)
    try:
        soon(lambda: shown.read_text() == "before\n")
        with log.open("a") as writer:  # as a server holds it
            writer.write("one\n")
            writer.flush()
            soon(lambda: shown.read_text() == "before\none\n")
            os.truncate(log, 0)
            writer.write("new\n")
            writer.flush()
        soon(lambda: shown.read_text() == "before\none\nnew\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
    finally:
        process.kill()
        process.wait()


def test_a_server_that_dies_ends_up_with_its_last_words_and_1(cli: Cli) -> None:
    cli.plan(cli.fakes.server("bad", dies=3))
    failed = cli.run("up")
    assert failed.returncode == 1
    assert "bad ended while starting" in failed.stderr
    assert "bad finds no bread" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert cli.fakes.processes() == []


def test_ctrl_c_while_starting_stops_everything_and_ends_with_130(cli: Cli, soon: Soon) -> None:
    cli.plan(cli.fakes.server("quick"), cli.fakes.server("snail", slow=60))
    process = cli.start("up")
    soon(lambda: sorted(cli.fakes.entries("start")) == ["quick", "snail"])
    running = cli.fakes.processes()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "interrupted" in stderr
    assert len(running) == 3
    assert cli.fakes.processes() == []
    soon(lambda: not any(Path(f"/proc/{identity.pid}").exists() for identity in running))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_a_signal_stops_the_stack(
    cli: Cli, soon: Soon, tmp_path: Path, number: signal.Signals
) -> None:
    cli.plan(cli.fakes.server("store"))
    shown = tmp_path / "shown"
    with shown.open("w") as output:
        process = subprocess.Popen(cli.command("up", "--foreground"), stdout=output)
    try:
        soon(lambda: "Data and logs" in shown.read_text(), 10.0)
        process.send_signal(number)
        assert process.wait(timeout=15) == 0
    finally:
        process.kill()
        process.wait()
    assert shown.read_text().endswith("The stack is stopped.\n")
    assert cli.fakes.entries("stop") == ["store"]


def test_two_starts_at_once_do_not_collide(cli: Cli, soon: Soon) -> None:
    cli.plan(cli.fakes.server("store", slow=1))
    first = cli.start("up")
    soon(lambda: cli.fakes.entries("start") == ["store"])
    second = cli.run("up")
    assert second.returncode == 1
    assert "Another `heliograph up`" in second.stderr
    first.communicate(timeout=15)
    assert first.returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [["up", "--port-offset", "-5"], ["up", "--config", "/nowhere.yaml"], ["logs"], ["down", "--timeout", "x"]],
)
def test_wrong_options_are_wrong_input(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "Error" in said or "/nowhere.yaml: there is no such file" in said


@pytest.mark.parametrize("command", ["up", "down", "status", "logs"])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([command, "--help"])
    shown = capsys.readouterr().out
    assert f"heliograph {command}" in shown.partition("Example")[2]
