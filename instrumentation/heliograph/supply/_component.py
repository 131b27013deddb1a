"""One thing that Heliograph is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

__all__ = ["Component", "Ecosystem"]

Ecosystem = Literal["pypi", "golang", "docker"]


@dataclass(frozen=True, order=True)
class Component:
    """A package of PyPI, a Go module, or an image, in one version."""

    ecosystem: Ecosystem
    name: str
    version: str
    """As the ecosystem writes it: Go's has a `v` in front, but for the standard library."""
    licence: str = ""
    """An SPDX expression; "" where it is not known."""
    checksum: str = ""
    """What go.sum says of a Go module (`h1:…`). PyPI's archives have many; they stand in the lock file."""
    used_by: tuple[str, ...] = ()
    """Binaries that have it in them, or `python` for what the lock file installs."""

    @property
    def purl(self) -> str:
        """Its package URL: https://github.com/package-url/purl-spec."""
        version = quote(self.version, safe="")
        return f"pkg:{self.ecosystem}/{quote(self.name.lower() if self.ecosystem == 'pypi' else self.name)}@{version}"
