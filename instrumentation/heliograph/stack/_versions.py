"""What is pinned: `native/servers.toml`, the one owner of every server's version and of the way it is built."""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Recipe", "images", "native_root", "recipe_of", "recipes", "versions"]


@dataclass(frozen=True)
class Recipe:
    """One build: the folder with its go.mod, and what to make of it. The fields are those of `servers.toml`."""

    name: str
    version: str
    folder: Path
    module: str
    """`path@version` of the Go module that carries the server."""
    binaries: Mapping[str, str]
    """Name in the cache -> Go package."""
    copy: bool = False
    """Build inside a verified copy of `module` instead of inside `folder`."""
    overlay: tuple[tuple[str, str], ...] = ()
    """Files in that copy, each with the file of `folder` that is put there."""
    tags: tuple[str, ...] = ()
    stamp: tuple[tuple[str, str], ...] = ()
    """Linker variables and their values."""
    probe: tuple[str, ...] = ()
    """Arguments that make a finished binary print its version; empty when it knows none."""
    is_server: bool = False

    @property
    def required_go(self) -> str:
        """The oldest Go that can build it: the `go` line of its go.mod."""
        found = re.search(r"^go (\S+)$", (self.folder / "go.mod").read_text("utf-8"), re.MULTILINE)
        if found is None:
            raise HeliographError(f"{self.folder / 'go.mod'} has no `go` line", hint="restore the file from git")
        return found[1]

    def key(self, platform: str) -> str:
        """Return ten hex digits that change whenever an input of the build does.

        Inputs are the recipe, every file of its folder (go.mod with the required Go version among them) and the
        platform, such as `linux/amd64`.
        """
        digest = hashlib.sha256()
        recipe = [self.name, self.version, self.module, sorted(self.binaries.items()), self.copy, self.overlay]
        digest.update(json.dumps([*recipe, self.tags, self.stamp, platform]).encode())
        for path in _files(self.folder):
            content = path.read_bytes()
            digest.update(f"\0{path.relative_to(self.folder).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:10]

    def ldflags(self) -> str:
        """Return the linker's flags: no symbol table, no debug information, our version stamped in."""
        return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.stamp)])


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files under `folder` in a fixed order, without hidden ones."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def native_root() -> Path:
    """Return the folder that holds `servers.toml` and one folder a build."""
    return config_root() / "native"


def recipes() -> dict[str, Recipe]:
    """Return every build by name, servers first, in the order of `servers.toml`."""
    return dict(_recipes(native_root()))


def recipe_of(name: str) -> Recipe:
    """Return the build called `name`, or the one that makes the binary of that name; wrong names are an error (2)."""
    known = recipes()
    for recipe in known.values():
        if name == recipe.name or name in recipe.binaries:
            return recipe
    binaries = [binary for recipe in known.values() for binary in recipe.binaries]
    near = difflib.get_close_matches(name, binaries, n=1)
    raise HeliographError(
        f"{name} is nothing that can be built.",
        why="Grafana is in no Go module; set GRAFANA_HOME to an unpacked one" if name == "grafana" else "",
        hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(binaries)}",
        exit_code=2,
    )


@functools.lru_cache(maxsize=8)
def _recipes(root: Path) -> Mapping[str, Recipe]:
    return {name: _recipe(root, name, table) for name, table in _tables(root).items() if "binaries" in table}


def _recipe(root: Path, name: str, table: Mapping[str, Any]) -> Recipe:
    version = table["version"]
    return Recipe(
        name=name,
        version=version,
        folder=root / table.get("folder", name),
        module=table["module"],
        binaries=dict(table["binaries"]),
        copy=table.get("copy", False),
        overlay=tuple(table.get("overlay", {}).items()),
        tags=tuple(table.get("tags", ())),
        stamp=tuple((key, value.format(version=version)) for key, value in table.get("stamp", {}).items()),
        probe=tuple(table.get("probe", ())),
        is_server="image" in table,
    )


def versions() -> dict[str, str]:
    """Return name -> version of everything pinned, Grafana included."""
    return {name: table["version"] for name, table in _tables(native_root()).items()}


def images() -> dict[str, str]:
    """Return name -> Docker image with its tag, such as `prom/prometheus:v3.15.0`."""
    return {
        name: table["image"].format(version=table["version"])
        for name, table in _tables(native_root()).items()
        if "image" in table
    }


def _tables(root: Path) -> dict[str, dict[str, Any]]:
    path = root / "servers.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise HeliographError(
            f"{path} is missing",
            why="the versions of the servers are pinned there",
            hint="install heliograph again, or restore the file from git",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise HeliographError(f"{path} cannot be read", why=str(error), hint="restore the file from git") from None
