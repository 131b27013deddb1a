"""The Go modules that are really in our binaries, as the binaries themselves say (`go version -m`)."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError
from heliograph.supply._component import Component
from heliograph.supply._licence import from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.stack._go import Toolchain

__all__ = ["modules", "modules_of", "stdlib"]

_LICENCE_FILE = re.compile(r"(?i)^(un)?(licen[cs]e|copying)([-._].*)?$")
_OURS = "heliograph"  # how our own main modules under native/ begin


def modules(
    binaries: Mapping[str, Path], toolchain: Toolchain, known: Mapping[tuple[str, str], str]
) -> list[Component]:
    """Return every module of these binaries (name → path) once, with its licence.

    The licence is read from the module's files in Go's cache; of one that is not there any more, it comes from `known`.
    """
    cache = Path(_go(toolchain, "env", "GOMODCACHE").strip())
    users: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for name, path in binaries.items():
        said = _go(toolchain, "version", "-m", str(path))
        for one in [*modules_of(said), stdlib(said)]:
            users[one].add(name)
    found = []
    for (module, version, checksum), names in sorted(users.items()):
        licence = (
            "BSD-3-Clause"  # https://go.dev/LICENSE
            if module == "stdlib"
            else _licence(cache / f"{_escaped(module)}@{_escaped(version)}") or known.get((module, version), "")
        )
        found.append(Component("golang", module, version, licence, checksum=checksum, used_by=tuple(sorted(names))))
    return found


def modules_of(said: str) -> list[tuple[str, str, str]]:
    """Read (module, version, checksum) from what `go version -m` says; a replaced module is its replacement."""
    found: list[tuple[str, str, str]] = []
    for line in said.splitlines():
        kind, *fields = line.strip().split("\t")
        if kind == "=>":
            found.pop()
        elif kind not in {"mod", "dep"}:
            continue
        module, version, checksum = (*fields, "", "")[:3]
        found.append((module, version, checksum))
    # A main module of our own has no version: it is the code in native/, and is no dependency.
    return [one for one in found if one[1] not in {"", "(devel)"} and not one[0].startswith(_OURS)]


def stdlib(said: str) -> tuple[str, str, str]:
    """Read with which Go it was built: the standard library is in every binary."""
    first = said.splitlines()[0]
    return ("stdlib", first.rpartition(": go")[2].split()[0], "")


def _licence(folder: Path) -> str:
    if not folder.is_dir():
        return ""
    texts = [
        file.read_text(encoding="utf-8", errors="replace")
        for file in sorted(folder.iterdir())
        if file.is_file() and _LICENCE_FILE.match(file.name)
    ]
    return " AND ".join(sorted({part for text in texts for part in from_text(text).split(" AND ") if part}))


def _escaped(text: str) -> str:
    """Write a module path as Go's cache does: capital letters as `!` and the small one."""
    return re.sub(r"[A-Z]", lambda letter: "!" + letter[0].lower(), text)


def _go(toolchain: Toolchain, *arguments: str) -> str:
    try:
        return subprocess.run([toolchain.path, *arguments], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise HeliographError(f"go {arguments[0]} failed.", why=str(error)) from error
