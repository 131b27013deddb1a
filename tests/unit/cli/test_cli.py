"""The command line: quick, helpful, and never a traceback for a user's mistake."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from heliograph import cli
from heliograph.errors import HeliographError


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heliograph", *args], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_lists_every_command() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for name in cli._COMMANDS:
        assert f"\n  {name} " in shown.stdout


@pytest.mark.parametrize("name", sorted(cli._COMMANDS))
def test_every_command_has_help_worth_reading(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leave:
        raise SystemExit(cli.main([name, "--help"]))
    assert leave.value.code in (0, None)
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) > 5
    assert "\\b" not in shown, "a raw docstring: click takes no \\b of it, and runs the examples together"


def test_a_typing_error_is_answered_with_the_nearest_command() -> None:
    shown = run("staus")
    assert shown.returncode == 2
    assert "Did you mean 'status'?" in shown.stderr
    assert "Traceback" not in shown.stderr


def base(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command where click is not installed."""
    code = "import sys; sys.modules['click'] = None; from heliograph.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("asked", [(), ("-h",), ("--help",)])
def test_the_base_install_says_what_it_can_do(asked: tuple[str, ...]) -> None:
    shown = base(*asked)
    assert shown.returncode == 0
    assert "heliograph run -- python app.py" in shown.stdout
    assert "pip install 'heliograph[stack]'" in shown.stdout


def test_the_base_install_has_a_version() -> None:
    assert base("--version").stdout == run("--version").stdout


def test_the_base_install_runs_programs() -> None:
    shown = base("run", "--", sys.executable, "-c", "print(6 * 7)")
    assert (shown.returncode, shown.stdout) == (0, "42\n")


def test_the_base_install_names_the_command_that_needs_more() -> None:
    shown = base("export", "--to", "x")
    assert shown.returncode == 2
    assert shown.stderr.startswith("heliograph: 'export' needs the operator's tools.\n")
    assert "next: pip install 'heliograph[stack]'" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (HeliographError("port 9090 is taken", why="pid 1", hint="--port-offset 100"), 1, "next: --port-offset 100"),
        (HeliographError("wrong file", exit_code=2), 2, "heliograph: wrong file"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_errors_end_in_a_message_and_a_code(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(cli._Lazy, "get_command", lambda *_: failing)
    with pytest.raises(SystemExit) as leave:
        cli.main(["status"])
    assert leave.value.code == code
    assert said in capsys.readouterr().err
