"""The peers: one input file and one lock each, in this folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HERE", "PEERS", "TREE", "Peer"]

HERE: Final = Path(__file__).resolve().parent
TREE: Final = HERE.parent

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class Peer:
    """A foreign package, or a few that are used together."""

    name: str

    @property
    def source(self) -> Path:
        """What is wanted."""
        return HERE / f"{self.name}.in"

    @property
    def lock(self) -> Path:
        """What it resolved to, with hashes."""
        return HERE / f"{self.name}.txt"

    @property
    def about(self) -> str:
        """The comment on top of the input file."""
        return self.source.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")

    def versions(self) -> Mapping[str, str]:
        """Say which version of each distribution is locked; of several, for different machines, the last."""
        return dict(_PINNED.findall(self.lock.read_text(encoding="utf-8")))


PEERS: Final[Mapping[str, Peer]] = {path.stem: Peer(path.stem) for path in sorted(HERE.glob("*.in"))}
