"""`heliograph build`: what it says, to people and to programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from heliograph.errors import HeliographError
from heliograph.stack import _build, _build_cli
from heliograph.stack._build import BuildEvent, binary, build

if TYPE_CHECKING:
    from ._fake_go import Fake


def invoke(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(_build_cli.build, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_command_speaks_in_plain_lines_without_a_terminal(fake: Fake) -> None:
    code, out, err = invoke("plain")

    assert code == 0
    assert "[1/1] plain downloading after 0 s: looking up modules\n" in err
    assert "[1/1] plain done after" in err
    assert "\x1b" not in err + out
    assert out.splitlines()[0].split() == ["plain", str(binary("plain"))]
    assert fake.calls


def test_command_gives_a_sign_of_life(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr("heliograph.stack._build_cli.time.monotonic", lambda: now[0])
    show = _build_cli._Show()
    for second in range(90):
        now[0] = 100.0 + second
        show(BuildEvent("loki", 2, 5, "compiling", float(second), f"{second} packages compiled"))

    lines = capsys.readouterr().err.splitlines()

    assert lines[0] == "[2/5] loki compiling after 0 s: 0 packages compiled"
    assert len(lines) == 5, "every 20 seconds"


def test_command_lists_as_text_and_json(fake: Fake) -> None:
    build(["plain"])

    _, text, _ = invoke("--list", "plain", "copied")
    _, as_json, _ = invoke("--list", "--json", "plain", "copied")

    assert text.splitlines()[2].split() == ["copied", "1.2.3", "not", "built"]
    rows = {row["name"]: row for row in json.loads(as_json)}
    assert rows["plaintool"]["built"] is True
    assert rows["plaintool"]["path"] == str(binary("plaintool"))
    assert rows["copied"] == {"name": "copied", "version": "1.2.3", "built": False, "bytes": None, "path": None}
    assert not any("copied" in " ".join(call) for call in fake.calls), "listing builds nothing"


def test_command_prints_paths_as_json(fake: Fake) -> None:
    _, out, _ = invoke("--json", "plain")

    assert json.loads(out) == {name: str(binary(name)) for name in ("plain", "plaintool")}
    assert fake.servers.is_dir()


def test_errors_are_shown_by_the_command_line_without_a_traceback(fake: Fake) -> None:
    fake.mode("fail:broken")
    with pytest.raises(HeliographError) as caught:
        _build_cli.build.main(["plain"], standalone_mode=False)
    assert not isinstance(caught.value, click.ClickException)
    assert str(caught.value).count("\n  next: ") == 1
    assert issubclass(_build.NotBuiltError, HeliographError)
