"""The Python packages of `requirements-dev.lock`, with the hashes that pip checks."""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError
from heliograph.supply._component import Component
from heliograph.supply._licence import from_metadata, from_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["locked"]

# Of packages that only other systems install: as their wheels state it.
_ELSEWHERE = {
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
}
_ENTRY = re.compile(r"(?m)^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def locked(lock: Path, known: Mapping[tuple[str, str], str]) -> list[Component]:
    """Return the packages of a lock file, each with its licence.

    The licence comes from the installed package's metadata; of one that is not installed here (another system's), from
    `known`: (name, version) → licence. Raises HeliographError for an entry without a hash.
    """
    text = lock.read_text(encoding="utf-8")
    starts = [*_ENTRY.finditer(text)]
    ends = [*(match.start() for match in starts[1:]), len(text)]
    found = []
    for match, end in zip(starts, ends, strict=True):
        name, version = match[1], match[2]
        if not _HASH.search(text, match.start(), end):
            raise HeliographError(f"{name}=={version} has no hash in {lock.name}.", hint="make lock")
        licence = _installed(name, version) or known.get((name, version)) or _ELSEWHERE.get(name, "")
        found.append(Component("pypi", name, version, licence, used_by=("python",)))
    return found


def _installed(name: str, version: str) -> str:
    """Return the licence that the installed package states, "" where it is not installed in this version."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return ""
    # The lock may write 3.8 for 3.8.0.
    if package.version.rstrip(".0") != version.rstrip(".0"):
        return ""
    stated = from_metadata(package.metadata)
    if stated:
        return stated
    for file in package.files or ():
        if re.match(r"(?i)(licen[cs]e|copying)", file.name):
            text = file.read_text() if file.suffix not in {".pyc", ".py"} else ""
            if text and (told := from_text(text)):
                return told
    return ""
