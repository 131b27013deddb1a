from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from heliograph.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = 0
    try:
        main(["prices", *arguments])
    except SystemExit as leave:
        status = int(leave.code or 0)
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.fixture(autouse=True)
def _no_prices_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HELIOGRAPH_PRICES", raising=False)


def test_without_a_model_it_tells_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys)
    assert status == 0
    assert "models of" in out
    assert "last compared with a source on 20" in out
    assert "nothing: the list alone is used" in out


def test_a_model_has_its_tiers_and_steps_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "gpt-4o")
    assert status == 0
    rows = {line.split("  ")[0]: line.split()[-4:] for line in out.splitlines()[2:5]}
    assert rows == {
        "input": ["2.5", "1.25", "4.25", "4.25"],
        "cached input": ["1.25", "1.25", "2.125", "2.125"],
        "output": ["10", "5", "17", "17"],
    }
    assert "openai/gpt-4o" in out.splitlines()[-1]
    assert "standard >200k" in run(capsys, "gemini-2.5-pro", "--provider", "gcp.gemini")[1]


def test_json_has_the_rates_and_the_source(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "claude-sonnet-4-5", "--provider", "anthropic", "--json")
    standard = json.loads(out)["tiers"]["standard"]
    assert status == 0
    assert (standard["rates"]["input"], standard["rates"]["cache_write_1h"]) == (3.0, 6.0)
    assert standard["above"]["200000"]["output"] == 22.5
    assert standard["source"].endswith("anthropic/claude-sonnet-4-5")


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_model_without_a_price_ends_with_1(more: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "llama3.2", "--provider", "ollama", *more)
    assert status == 1
    assert "no price list knows this model" in out + err


def test_prices_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"models": {"owl": {"input": 2, "output": 8}}, "free": ["ollama/*"], "max_age_days": 0.001}')
    status, out, _ = run(capsys, "owl", "--prices", str(file))
    assert status == 0
    assert f"from {file}" in out
    monkeypatch.setenv("HELIOGRAPH_PRICES", str(file))
    _, out, _ = run(capsys)
    assert "(HELIOGRAPH_PRICES)" in out
    assert "prices of    owl" in out
    assert "older than 0.001 days: update the package" in out
    own = json.loads(run(capsys, "--json")[1])
    assert own["own"]["free"] == ["ollama/*"]
    assert own["list"]["stale"] is True


def test_the_section_of_an_overlay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overlay = tmp_path / "my.yaml"
    overlay.write_text("prices:\n  models:\n    owl: {input: 2, output: 8}\n", encoding="utf-8")
    status, out, _ = run(capsys, "owl", "--config", str(overlay))
    assert status == 0
    assert "the configuration" in out


@pytest.mark.parametrize("option", ["--prices", "--config"])
def test_wrong_prices_end_with_2_and_their_line(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("prices:\n  models:\n    owl: {inptu: 2}\n  free: ['*']\n", encoding="utf-8")
    status, _, err = run(capsys, option, str(file))
    assert status == 2
    assert f"{file}:3: " in err
    assert f"{file}:4: " in err
