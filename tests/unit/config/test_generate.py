"""`heliograph generate`, in a copy of the sources."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from heliograph.cli import main
from heliograph.config import _cli, _load, _render
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the sources, with their generated files up to date."""
    copy = tmp_path / "checkout"
    for folder in ("prometheus", "alertmanager", "dashboards", "loki", "mixin"):
        shutil.copytree(config_root() / folder, copy / folder)
    shutil.copytree(config_root() / "docker/generated", copy / "docker/generated")
    for file in ("heliograph.yaml", "heliograph.schema.json"):
        shutil.copy(config_root() / file, copy)
    for module in (_cli, _load, _render):
        monkeypatch.setattr(module, "config_root", lambda: copy)
    return copy


def _run(*arguments: str) -> int:
    try:
        return int(main(["generate", *arguments]) or 0)
    except SystemExit as leave:
        return int(leave.code or 0)


def test_check_is_quiet_when_nothing_differs(root: Path) -> None:
    assert _run("--check") == 0
    assert root.is_dir()


def test_check_shows_the_difference_and_writes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = root / "heliograph.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("warning: 80", "warning: 70"), encoding="utf-8")
    before = (root / "prometheus/generated/alerts.yaml").read_bytes()
    assert _run("--check") == 1
    out = capsys.readouterr()
    assert "changed  prometheus/generated/alerts.yaml" in out.out
    assert "-          ) > 80" in out.out
    assert "+          ) > 70" in out.out
    assert "run `heliograph generate`" in out.err
    assert (root / "prometheus/generated/alerts.yaml").read_bytes() == before
    assert _run() == 0
    assert _run("--check") == 0


def test_a_file_that_nothing_renders_any_more_goes(root: Path) -> None:
    """Prometheus reads generated/*.yaml: an old file would go on alerting."""
    stray = root / "prometheus/generated/old.yaml"
    stray.write_text("groups: []\n", encoding="utf-8")
    assert _run("--check") == 1
    assert stray.exists()
    assert _run() == 0
    assert not stray.exists()


def test_overlays_are_laid_over(root: Path, overlay: Callable[..., Path]) -> None:
    first = overlay("alerts: {HighQuotaUse: {warning: 60}}", "a.yaml")
    second = overlay("alerts: {HighQuotaUse: {warning: 61}}", "b.yaml")
    assert _run("--config", str(first), "--config", str(second)) == 0
    assert ") > 61" in (root / "prometheus/generated/alerts.yaml").read_text(encoding="utf-8")


def test_wrong_input_ends_with_2_and_writes_nothing(
    root: Path, overlay: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in root.rglob("generated/*")}
    assert _run("--config", str(overlay("alerts: {HighQuotaUse: {warnig: 60}}"))) == 2
    err = capsys.readouterr().err
    assert "did you mean 'warning'?" in err
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in root.rglob("generated/*")} == before


def test_json_for_programs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "prometheus/generated/records.yaml").unlink()
    assert _run("--check", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["written"] is False
    assert report["files"]["prometheus/generated/records.yaml"] == "new"
    assert report["files"]["prometheus/generated/alerts.yaml"] == "same"


def test_an_installed_package_has_nowhere_to_write(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = root.rename(root.parent / "_bundle")
    for module in (_cli, _load, _render):
        monkeypatch.setattr(module, "config_root", lambda: bundle)
    assert _run() == 2
    assert "heliograph up --config" in capsys.readouterr().err


def test_a_source_that_does_not_render_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "prometheus/main.jsonnet").write_text("function(config) config.nothing", encoding="utf-8")
    assert _run() == 1
    err = capsys.readouterr().err
    assert "prometheus/main.jsonnet does not render" in err
    assert "Traceback" not in err


def test_diff_says_what_changes_and_writes_nothing(
    root: Path, overlay: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in root.rglob("generated/*")}
    changed = str(overlay("alerts: {HighQuotaUse: {warning: 60, critical: null}}"))
    assert _run("--diff", "--config", changed) == 1
    out = capsys.readouterr().out
    assert "~ HighQuotaUse (warning, P3)\n      threshold 80 → 60" in out
    assert "- HighQuotaUse (critical, P2)" in out
    assert {path: path.read_bytes() for path in root.rglob("generated/*")} == before
    assert _run("--diff", "--json", "--config", changed) == 1
    kinds = {change["kind"] for change in json.loads(capsys.readouterr().out)["changes"]}
    assert kinds == {"changed", "removed"}
    assert _run("--diff", "--unified", "--config", changed) == 1
    assert "+          ) > 60" in capsys.readouterr().out


def test_diff_of_nothing_is_0(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--diff") == 0
    assert "Nothing would change." in capsys.readouterr().out
    assert root.is_dir()


def test_ways_that_exclude_each_other(root: Path) -> None:
    assert _run("--diff", "--check") == 2
    assert root.is_dir()


def test_the_schema_is_written_beside_the_file(root: Path) -> None:
    (root / "heliograph.schema.json").write_text("{}", encoding="utf-8")
    assert _run("--check") == 1
    assert _run() == 0
    assert "2020-12" in (root / "heliograph.schema.json").read_text(encoding="utf-8")
    assert (root / "heliograph.yaml").is_file()
