"""Environments of peers: made once for a lock, told with the installer's reason when they cannot be made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from peers import PEERS, NotBuiltError, Peer, build, find, prune
from peers import _environments as environments
from peers._cli import main

if TYPE_CHECKING:
    from pathlib import Path

# Stands for uv: notes what it is asked for, makes a folder, and installs unless told why it cannot.
UV = """#!/bin/sh
echo "$1 $2" >> "$RECORD"
case "$1" in
  venv) for folder; do :; done; mkdir -p "$folder/bin" ;;
  pip) [ -z "$WHY" ] || { echo "$WHY" >&2; exit 1; } ;;
esac
"""
LANGFUSE = PEERS["langfuse"]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in for uv in its place; what it is asked for is in the file."""
    script, asked = tmp_path / "uv", tmp_path / "record"
    script.write_text(UV, encoding="utf-8")
    script.chmod(0o755)
    asked.touch()
    monkeypatch.setattr(environments, "uv", lambda: str(script))
    monkeypatch.setenv("HELIOGRAPH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RECORD", str(asked))
    monkeypatch.setenv("WHY", "")
    return asked


def test_an_environment_is_made_once(record: Path) -> None:
    said: list[str] = []
    made = build(LANGFUSE, progress=said.append)
    assert build(LANGFUSE, progress=said.append) == made == find(LANGFUSE)
    assert record.read_text(encoding="utf-8").splitlines() == ["venv --quiet", "pip install"]
    assert said == [f"langfuse: installing {len(LANGFUSE.versions())} packages with uv ..."]
    assert made.variables()["PYTHONPATH"].endswith(f"{os.sep}instrumentation")


def test_another_lock_is_another_environment(record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build(LANGFUSE)
    lock = tmp_path / "langfuse.txt"
    lock.write_bytes(LANGFUSE.lock.read_bytes() + b"more==1\n")
    monkeypatch.setattr(Peer, "lock", lock)
    assert not find(LANGFUSE).ready
    assert build(LANGFUSE).folder != made.folder
    assert record.read_text(encoding="utf-8").count("pip install") == 2


def test_what_cannot_be_installed_is_told_with_the_reason_and_tried_again(
    record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHY", "No solution found: a needs b<2")
    with pytest.raises(NotBuiltError, match="a needs b<2"):
        build(LANGFUSE)
    assert not find(LANGFUSE).folder.exists()
    assert main(["build", "langfuse"]) == 1
    assert "langfuse: cannot be installed today\nNo solution found: a needs b<2" in capsys.readouterr().err
    monkeypatch.setenv("WHY", "")
    assert build(LANGFUSE).ready
    assert record.read_text(encoding="utf-8").count("pip install") == 3


@pytest.mark.usefixtures("record")
def test_what_was_left_half_made_is_made_again() -> None:
    half = find(LANGFUSE).folder
    half.mkdir(parents=True)
    (half / "rest").touch()
    assert build(LANGFUSE).ready
    assert not (half / "rest").exists()


@pytest.mark.usefixtures("record")
def test_what_no_lock_asks_for_is_pruned() -> None:
    made = build(LANGFUSE)
    old = made.folder.with_name("langfuse-0123456789ab")
    old.mkdir()
    assert prune() == [old]
    assert made.ready


def test_an_unknown_name_is_a_mistake_that_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["build", "langfuze"])
    assert ended.value.code == 2
    assert "no peer is called langfuze; there are langfuse, " in capsys.readouterr().err
