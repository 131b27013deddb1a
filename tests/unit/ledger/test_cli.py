"""`heliograph verify-pipeline`: what it takes, what it prints, how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from heliograph import cli
from heliograph.errors import HeliographError
from heliograph.ledger import Break, _cli

from ._double import Double, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.ledger import Targets

SHORT = ["--spans", "60/s", "--logs", "60/s", "--points", "60/s", "--duration", "1s", "--settle", "1s"]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_STATE", str(tmp_path / "state"))
    monkeypatch.setattr("signal.signal", lambda *_: None)


def _at(double: Double) -> list[str]:
    return [w for name in ("collector", "jaeger", "loki", "prometheus") for w in (f"--{name}", double.url)]


def _run(*words: str) -> int:
    try:
        cli.main(["verify-pipeline", *words])
    except SystemExit as leave:
        return int(leave.code or 0)
    return 0


def test_all_is_well(double: Double, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.md"
    assert _run(*SHORT, *_at(double), "--report", str(report)) == 0
    shown = capsys.readouterr().out
    assert "missing 0 0 0" in " ".join(shown.split())
    assert "| missing | 0 | 0 | 0 |" in report.read_text()
    assert "`heliograph verify-pipeline --spans 60/s --logs 60/s --points 60/s --duration 1s" in report.read_text()
    (ledger,) = (tmp_path / "state" / "ledger").iterdir()
    assert str(ledger) in shown


def test_something_is_lost(double: Double, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    double.answer = lambda path, n: Reply(store=(path, n) != ("/v1/logs", 0))
    ledger = str(tmp_path / "ledger")
    assert _run(*SHORT, *_at(double), "--json", "--ledger", ledger) == 1
    shown = capsys.readouterr()
    accounts: dict[str, Any] = json.loads(shown.out)
    assert accounts["lost"] == accounts["signals"]["logs"]["missing"] == 15
    assert not accounts["ok"]
    assert "15 records were acknowledged and are missing" in shown.err
    assert accounts["signals"]["logs"]["gaps"][0]["name"] in shown.err
    assert _run("--again", ledger, "--settle", "0s") == 1
    assert "logs missing: 15 from log 'run=" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--spans", "many"], "'many' is no rate; for example 200/s"),
        (["--duration", "10"], "'10' is no time"),
        (["--duration", "0s"], "a duration of 0 s"),
        (["--break", "loki:stop@10s"], "needs a time at which it is started again"),
        (["--again", "x", "--spans", "3/s", "--break", "loki:kill@1s"], "--break, --spans: for a new run"),
        (["--spans", "0", "--logs", "0", "--points", "0"], "nothing is to be sent"),
    ],
)
def test_wrong_input_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(*words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "loki"),
    [
        ([], None),
        (["--settle", "0s"], None),
        (["--port-offset", "100"], "http://127.0.0.1:3200"),
        (["--state", "elsewhere"], "http://127.0.0.1:3100"),
        (["--loki", "http://h:1/"], "http://h:1"),
        (["--jaeger", "http://h:1"], "http://127.0.0.1:3100"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_stores_are_asked_again_where_they_were_unless_another_place_is_stated(
    words: list[str], loki: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Targets | None] = []

    def again(_: Path, targets: Targets | None, **__: Any) -> NoReturn:
        asked.append(targets)
        raise HeliographError("stop here", exit_code=3)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_cli, "verify_again", again)
    assert _run("--again", "ledger", *words) == 3
    assert [where and where.loki for where in asked] == [loki]


def test_there_is_no_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--port-offset", "48000") == 3
    assert "The stack is not there" in capsys.readouterr().err


def test_there_is_no_stack_to_break(double: Double, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(*SHORT, *_at(double), "--break", "loki:kill@1s") == 3
    assert "no stack to break" in capsys.readouterr().err
    assert double.requests == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("collector:kill@20s", Break("collector", "kill", 20)),
        ("loki:stop@10s..1m", Break("loki", "stop", 10, 60)),
        ("jaeger:kill@1m30s..2m", Break("jaeger", "kill", 90, 120)),
    ],
)
def test_breaks(text: str, expected: Break) -> None:
    assert Break.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["loki", "loki:kill", "loki:kill@soon", "grafana:kill@1s", "loki:hurt@1s", "loki:stop@9s..3s", "a:b@1s"]
)
def test_what_is_no_break(text: str) -> None:
    with pytest.raises(Exception, match="Not understood") as error:
        Break.parse(text)
    assert getattr(error.value, "exit_code", 0) == 2
