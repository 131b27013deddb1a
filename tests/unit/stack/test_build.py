"""The builder against a `go` of ours: what is built, what is not built again, and what is left after a failure."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from heliograph.errors import HeliographError
from heliograph.stack._build import BuildError, BuildEvent, NotBuiltError, binary, build, prune
from heliograph.stack._go_run import explain

if TYPE_CHECKING:
    from ._fake_go import Fake


def wait_for(path: Path, seconds: float = 20) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text("utf-8")):
            return text
        time.sleep(0.02)
    raise AssertionError(f"{path} did not appear")


def test_builds_every_binary_into_a_folder_of_the_cache(fake: Fake) -> None:
    paths = build(["plain"])

    assert set(paths) == {"plain", "plaintool"}
    assert re.fullmatch(r"plain-1\.2\.3-[0-9a-f]{10}", paths["plain"].parent.name)
    assert paths["plain"].parent.parent == fake.servers
    assert binary("plaintool") == paths["plaintool"]
    assert os.access(paths["plain"], os.X_OK)
    first = fake.calls[0]
    assert first[0] == "build"
    assert first[-1] == "example.org/plain/cmd/plain"
    assert first[first.index("-tags") + 1] == "netgo,small"
    assert first[first.index("-ldflags") + 1] == "-s -w -X example.org/version.Version=1.2.3"
    assert "-trimpath" in first
    assert json.loads(fake.log.read_text("utf-8").splitlines()[0])["flags"] == "-mod=readonly"
    assert not list(fake.servers.glob(".*.tmp-*")), "nothing of the work is left"


def test_builds_in_a_copy_with_our_files_in_it(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, bytes] = {}

    def keep(*_: object) -> None:
        source = next(fake.servers.glob(".copied.tmp-*")) / "src"
        kept["main.go"] = (source / "main.go").read_bytes()
        kept["page"] = gzip.decompress((source / "ui/out/index.html.gz").read_bytes())

    monkeypatch.setattr("heliograph.stack._compile._probe", keep)

    build(["copied"])

    assert kept == {"main.go": b"package main", "page": b"<p>ours"}
    assert fake.calls[0] == ["mod", "download", "-json", "example.org/copied"]
    assert json.loads(fake.log.read_text("utf-8").splitlines()[1])["cwd"].endswith("/src")


def test_a_finished_build_needs_no_go(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    build(["plain"])
    calls = len(fake.calls)
    monkeypatch.setenv("PATH", "/nonexistent")
    events: list[BuildEvent] = []

    started = time.monotonic()
    paths = build(["plain", "plaintool", "plain"], progress=events.append)

    assert time.monotonic() - started < 0.5
    assert [event.state for event in events] == ["cached"]
    assert paths["plain"].is_file()
    assert len(fake.calls) == calls


def test_events_tell_which_how_far_and_how_long(fake: Fake) -> None:
    events: list[BuildEvent] = []

    build(["plain", "copied"], progress=events.append)

    assert [(event.name, event.index, event.total) for event in events if event.state == "done"] == [
        ("plain", 1, 2),
        ("copied", 2, 2),
    ]
    states = [event.state for event in events if event.name == "plain"]
    assert list(dict.fromkeys(states)) == ["downloading", "compiling", "done"]
    assert "1 package compiled" in {event.hint for event in events}
    assert all(event.elapsed >= 0 for event in events)
    assert fake.calls


@pytest.mark.parametrize("path", ["plain/go.mod", "plain/go.sum", "plain/new.go"])
def test_a_changed_input_is_another_build(fake: Fake, path: str) -> None:
    before = build(["plain"])["plain"]

    (fake.native / path).write_text("module x/plain\n\ngo 1.26.1\n", "utf-8")

    with pytest.raises(NotBuiltError):
        binary("plain")
    assert build(["plain"])["plain"] != before


def test_another_recipes_change_is_not_ours(fake: Fake) -> None:
    build(["plain"])

    (fake.native / "copied" / "page.html").write_text("<p>new", "utf-8")

    assert binary("plain").is_file()


def test_half_a_build_is_never_used(fake: Fake) -> None:
    target = build(["plain"])["plain"].parent
    (target / "plaintool").unlink()
    stale = fake.servers / ".plain.tmp-killed"
    (stale / "out").mkdir(parents=True)

    with pytest.raises(NotBuiltError) as caught:
        binary("plaintool")
    assert caught.value.hint == "heliograph build plain"

    assert build(["plain"])["plaintool"].is_file()
    assert not stale.exists(), "what a killed build left is cleared away"


FAILURES = {
    "disk full": ("write /tmp/x: no space left on device", "the disk is full", "heliograph build"),
    "no network": ("dial tcp: lookup proxy.example: no such host", "cannot be reached", "what has been downloaded"),
    "not published": ("example.org/a@v1: reading x.info: 404 Not Found", "does not hand out", "GOPROXY"),
    "tampered": ("verifying example.org/a@v1: checksum mismatch", "differs from go.sum", "do not work around"),
    "pins apart": ("missing go.sum entry for module providing x", "do not belong together", "restore `native/`"),
    "no memory": ("compile: signal: killed", "ran out of memory", "GOMAXPROCS=1"),
    "compiler": ("./main.go:3:1: undefined: x", "could not compile", "native/README.md"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_says_what_why_and_what_next(fake: Fake, case: str) -> None:
    message, why, hint = FAILURES[case]
    fake.mode(f"fail:{message}")
    events: list[BuildEvent] = []

    with pytest.raises(BuildError) as caught:
        build(["plain"], progress=events.append)

    assert caught.value.what == "plain 1.2.3 could not be built: `go build` ended with 1."
    assert why in caught.value.why
    assert message in caught.value.why, "the end of the log is quoted"
    assert str(fake.servers / "plain.log") in caught.value.why
    assert hint in caught.value.hint
    assert events[-1].state == "failed"
    assert "example.org/dependency" not in caught.value.why.splitlines()[-1]
    assert not list(fake.servers.glob("plain-*"))
    assert not list(fake.servers.glob(".*.tmp-*"))


def test_a_module_that_cannot_be_fetched_is_explained(fake: Fake) -> None:
    fake.mode("fail:dial tcp 127.0.0.1:1: connect: connection refused")

    with pytest.raises(BuildError, match="proxy cannot be reached") as caught:
        build(["copied"])

    assert "connection refused" in caught.value.why
    assert "`go mod` ended with 1" in caught.value.what


def test_what_was_finished_before_a_failure_stays(fake: Fake) -> None:
    build(["plain"])
    fake.mode("fail:broken")

    with pytest.raises(BuildError):
        build(["plain", "copied"])

    assert binary("plain").is_file()


def test_a_binary_of_the_wrong_version_is_no_build(fake: Fake) -> None:
    fake.mode("wrong version")

    with pytest.raises(BuildError, match="does not report version") as caught:
        build(["plain"])

    assert "version 9.9.9" in caught.value.why


def test_an_unwritable_cache_is_explained(fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("HELIOGRAPH_CACHE", str(tmp_path / "file"))

    with pytest.raises(BuildError) as caught:
        build(["plain"])

    assert "HELIOGRAPH_CACHE" in caught.value.hint
    assert not fake.calls


def test_two_processes_do_not_build_the_same(fake: Fake) -> None:
    fake.servers.mkdir(parents=True)
    events: list[BuildEvent] = []
    with (fake.servers / ".plain.lock").open("a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()

        def release(event: BuildEvent) -> None:
            events.append(event)
            if event.state == "waiting":
                fcntl.flock(lock, fcntl.LOCK_UN)

        build(["plain"], progress=release)

    assert events[0].state == "waiting"
    assert "process 4711" in events[0].hint
    assert events[-1].state == "done"


def test_who_waited_takes_the_others_result(fake: Fake, tmp_path: Path) -> None:
    finished = build(["plain"])["plain"].parent
    aside = tmp_path / "aside"
    finished.rename(aside)
    calls = len(fake.calls)
    events: list[BuildEvent] = []
    with (fake.servers / ".plain.lock").open("a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def release(event: BuildEvent) -> None:
            events.append(event)
            if event.state == "waiting":
                aside.rename(finished)
                fcntl.flock(lock, fcntl.LOCK_UN)

        build(["plain"], progress=release)

    assert [event.state for event in events] == ["waiting", "cached"]
    assert len(fake.calls) == calls


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_go_and_its_children(fake: Fake, number: signal.Signals) -> None:
    fake.mode("hang")
    script = textwrap.dedent(f"""
        import pathlib, signal
        signal.signal(signal.SIGINT, signal.default_int_handler)  # where these tests run with it ignored
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        from heliograph.stack import _build_cli, _go, _versions
        _versions.config_root = lambda: pathlib.Path({str(fake.root)!r})
        _go._wheel_go = lambda: None
        try:
            _build_cli.build.main(["plain"], standalone_mode=False)
        except (KeyboardInterrupt, __import__("click").Abort):
            raise SystemExit(130)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL, process_group=0)
    try:
        go, child = map(int, wait_for(Path(f"{fake.log}.pids")).split())
        process.send_signal(number)
        assert process.wait(timeout=20) == 130
    finally:
        process.kill()

    for pid in (go, child):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not list(fake.servers.glob(".*.tmp-*"))
    assert not list(fake.servers.glob("plain-*"))


def test_prune_removes_what_is_no_longer_pinned(fake: Fake) -> None:
    kept = build(["plain"])["plain"].parent
    old = fake.servers / "plain-1.0.0-0123456789"
    old.mkdir()

    assert prune() == [old]
    assert kept.is_dir()
    assert not old.exists()


def test_unknown_names_are_wrong_input(fake: Fake) -> None:
    with pytest.raises(HeliographError, match="nothing that can be built") as caught:
        build(["plian"])
    assert (caught.value.exit_code, caught.value.hint) == (2, "did you mean plain?")
    with pytest.raises(HeliographError) as caught:
        build(["grafana"])
    assert "GRAFANA_HOME" in caught.value.why
    assert not fake.calls


def test_explain_prefers_the_disk_over_what_follows_from_it() -> None:
    assert explain("dial tcp: i/o timeout\nno space left on device")[0] == "the disk is full"
