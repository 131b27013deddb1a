"""A `go` of ours: two recipes, a module cache and what it was asked for, without a compiler or a network."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from heliograph.stack import _go, _versions

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["Fake", "fake_go"]

# A `go` that notes each call in $FAKE_LOG and behaves as the file $FAKE_MODE says.
FAKE_GO = r"""#!{python}
import json, os, pathlib, subprocess, sys, time
arguments = sys.argv[1:]
if arguments[0] == "env":
    print(json.dumps(dict(GOVERSION="go1.99.1", GOHOSTOS="linux", GOHOSTARCH="amd64")))
    sys.exit()
with open(os.environ["FAKE_LOG"], "a") as log:
    print(json.dumps(dict(cwd=os.getcwd(), arguments=arguments, flags=os.environ["GOFLAGS"])), file=log)
mode = pathlib.Path(os.environ["FAKE_MODE"]).read_text()
if arguments[:2] == ["mod", "download"]:
    if mode.startswith("fail:"):
        print(json.dumps(dict(Error=mode.removeprefix("fail:"))))
        sys.exit(1)
    print(json.dumps(dict(Dir=os.environ["FAKE_MODULE"])))
    sys.exit()
print("go: downloading example.org/dependency v1.0.0", file=sys.stderr)
print("example.org/dependency", file=sys.stderr, flush=True)
if mode.startswith("fail:"):
    print(mode.removeprefix("fail:"), file=sys.stderr)
    sys.exit(1)
if mode == "hang":
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path(os.environ["FAKE_LOG"] + ".pids").write_text(f"{{os.getpid()}} {{child.pid}}")
    time.sleep(600)
out = pathlib.Path(arguments[arguments.index("-o") + 1])
said = "9.9.9" if mode == "wrong version" else "1.2.3"
out.write_text(f"#!/bin/sh\necho version {{said}}\n")
out.chmod(0o755)
"""

SERVERS_TOML = """
[plain]
version = "1.2.3"
image = "example/plain:v{version}"
module = "example.org/plain@v1.2.3"
tags = ["netgo", "small"]
binaries = { plain = "example.org/plain/cmd/plain", plaintool = "example.org/plain/cmd/plaintool" }
probe = ["--version"]
[plain.stamp]
"example.org/version.Version" = "{version}"

[copied]
version = "1.2.3"
module = "example.org/copied@v0.123.0"
copy = true
binaries = { copied = "./cmd/copied" }
[copied.overlay]
"ui/out/index.html.gz" = "page.html"

[grafana]
version = "13.0.0"
image = "grafana/grafana:{version}"
"""


class Fake:
    """Handles on the fake `go` of one test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache = root / "cache"
        self.servers = self.cache / "servers"
        self.native = root / "native"
        self.log = root / "calls"
        self.mode("works")

    def mode(self, text: str) -> None:
        (self.root / "mode").write_text(text, "utf-8")

    @property
    def calls(self) -> list[list[str]]:
        if not self.log.exists():
            return []
        return [json.loads(line)["arguments"] for line in self.log.read_text("utf-8").splitlines()]


def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Put the fake before any other `go`, and its two recipes and a cache of its own below `tmp_path`."""
    fake = Fake(tmp_path)
    bins = tmp_path / "bin"
    bins.mkdir()
    (bins / "go").write_text(FAKE_GO.format(python=sys.executable), "utf-8")
    (bins / "go").chmod(0o755)
    for name in ("plain", "copied"):
        (fake.native / name).mkdir(parents=True)
        (fake.native / name / "go.mod").write_text(f"module x/{name}\n\ngo 1.26.0\n", "utf-8")
        (fake.native / name / "go.sum").write_text("", "utf-8")
    (fake.native / "copied" / "page.html").write_text("<p>ours", "utf-8")
    (fake.native / "servers.toml").write_text(SERVERS_TOML, "utf-8")
    module = tmp_path / "modcache" / "copied@v0.123.0"
    module.mkdir(parents=True)
    (module / "main.go").write_text("package main", "utf-8")
    (module / "main.go").chmod(0o444)
    module.chmod(0o555)  # as the real module cache is
    monkeypatch.setenv("PATH", str(bins), prepend=os.pathsep)
    monkeypatch.setenv("HELIOGRAPH_CACHE", str(fake.cache))
    monkeypatch.setenv("FAKE_LOG", str(fake.log))
    monkeypatch.setenv("FAKE_MODE", str(tmp_path / "mode"))
    monkeypatch.setenv("FAKE_MODULE", str(module))
    monkeypatch.setattr(_versions, "config_root", lambda: tmp_path)
    monkeypatch.setattr(_go, "_wheel_go", lambda: None)
    return fake
