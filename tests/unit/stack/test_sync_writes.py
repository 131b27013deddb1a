"""Folders whose files are written through: handed on, taken back, and told where it cannot be."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from heliograph.stack import _sync_writes
from heliograph.stack._plan import Plan, PlannedServer
from heliograph.stack._sync_writes import VARIABLE, power_note, set_sync_writes

GET_FLAGS, SYNC = 0x80086601, 0x8


def through(path: Path) -> bool:
    opened = os.open(path, os.O_RDONLY)
    try:
        return bool(int.from_bytes(fcntl.ioctl(opened, GET_FLAGS, bytes(8)), "little") & SYNC)
    finally:
        os.close(opened)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a log in it, on a file system that knows the attribute."""
    data = tmp_path / "data"
    (data / "wal").mkdir(parents=True)
    if set_sync_writes(data, on=True):
        pytest.skip("the file system of the temporary folder does not take the attribute S")
    set_sync_writes(data, on=False)
    return data


def plan(folder: Path, wanted: str) -> Plan:
    env = {VARIABLE: wanted} if wanted else {}
    return Plan((PlannedServer("loki", ("loki",), env, str(folder), "loki.log", "", ""),))


def test_what_is_made_later_is_written_through_as_well(folder: Path) -> None:
    assert set_sync_writes(folder, on=True) == []
    (folder / "wal" / "00000001").write_text("a segment")
    (folder / "chunks" / "fake").mkdir(parents=True)
    (folder / "chunks" / "fake" / "chunk").write_text("a chunk")
    assert all(through(path) for path in folder.rglob("*"))


def test_once_there_it_is_not_looked_for_again(folder: Path) -> None:
    """A store has a hundred thousand files, and is restarted within a second."""
    set_sync_writes(folder, on=True)
    (folder / "wal").chmod(0)
    assert set_sync_writes(folder, on=True) == []


def test_it_is_taken_back(folder: Path) -> None:
    set_sync_writes(folder, on=True)
    assert set_sync_writes(folder, on=False) == []
    (folder / "wal" / "00000002").write_text("a segment")
    assert not [path for path in (folder, *folder.rglob("*")) if through(path)]


def test_a_file_system_without_it_is_named_and_nothing_raised() -> None:
    elsewhere = Path("/proc/self")
    (line,) = set_sync_writes(elsewhere, on=True)
    assert line.startswith(f"heliograph: {elsewhere} is not written through: its file system")
    assert "power cut" in line
    assert set_sync_writes(elsewhere, on=False) == []  # nobody asked for it


def test_a_file_system_that_does_not_hand_it_on_is_named_and_left_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's attribute alone would look as if all were well."""
    monkeypatch.setattr(_sync_writes, "_handed_on", lambda _: False)
    (line,) = set_sync_writes(folder, on=True)
    assert "does not hand the attribute S on" in line
    assert not through(folder)


def test_what_was_interrupted_is_done_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder itself comes last: it says that all below it are done."""
    real = _sync_writes._set

    def interrupted(path: Path, *, on: bool) -> None:
        if path.name == "wal":
            raise OSError(5, "Input/output error")
        real(path, on=on)

    with monkeypatch.context() as patched:
        patched.setattr(_sync_writes, "_set", interrupted)
        assert set_sync_writes(folder, on=True)
    assert not through(folder)
    assert set_sync_writes(folder, on=True) == []
    assert through(folder / "wal")


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert set_sync_writes(tmp_path / "gone", on=True)


def test_the_status_says_who_is_not_written_through(folder: Path) -> None:
    assert power_note(plan(folder, "true")).startswith("loki cannot be written through")
    set_sync_writes(folder, on=True)
    assert power_note(plan(folder, "true")) == ""


@pytest.mark.parametrize("wanted", ["false", ""])
def test_the_status_is_silent_where_nobody_asked(tmp_path: Path, wanted: str) -> None:
    assert power_note(plan(tmp_path, wanted)) == ""
    assert power_note(None) == ""
