"""All parts: from the lock file, from the built binaries, from the table of images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from heliograph.stack._build import SERVERS, TOOLS, binary
from heliograph.stack._go import find_go
from heliograph.stack._paths import config_root
from heliograph.stack._versions import images, recipes
from heliograph.supply._bom import read_bom
from heliograph.supply._component import Component
from heliograph.supply._lock import locked
from heliograph.supply._modules import modules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["BOM", "LOCK", "built", "collect", "pulled"]

BOM: Final = "sbom/heliograph.cdx.json"
LOCK: Final = "requirements-dev.lock"

# Of the images' main programs. What else is in an image, its makers' own bill of materials says.
_IMAGES: Final = {
    "grafana/grafana": "AGPL-3.0-only",
    "grafana/loki": "AGPL-3.0-only",
    "jaegertracing/jaeger": "Apache-2.0",
    "otel/opentelemetry-collector-contrib": "Apache-2.0",
    "prom/alertmanager": "Apache-2.0",
    "prom/prometheus": "Apache-2.0",
    "python": "PSF-2.0",
}
_OLDEST_GO: Final = "1.21"


def collect(root: Path | None = None) -> list[Component]:
    """Return every part, with its licence; raises NotBuiltError where a binary is missing (heliograph build)."""
    root = root or config_root()
    known = {(one.name, one.version): one.licence for one in read_bom(root / BOM) if one.licence}
    return [*locked(root / LOCK, known), *built(known), *pulled(root)]


def built(known: Mapping[tuple[str, str], str]) -> list[Component]:
    """Return the modules in the servers and tools that this machine has built."""
    names = [name for recipe in recipes().values() if recipe.name in {*SERVERS, *TOOLS} for name in recipe.binaries]
    return modules({name: binary(name) for name in names}, find_go(_OLDEST_GO), known)


def pulled(root: Path) -> list[Component]:
    """Return the images of the compose file, and the one that ours is built on."""
    (base,) = re.findall(r"(?m)^FROM (\S+)", (root / "docker/Dockerfile").read_text(encoding="utf-8"))
    users = {**images(), "heliograph": base}
    found = []
    for user, image in sorted(users.items()):
        name, _, tag = image.rpartition(":")
        found.append(Component("docker", name, tag, _IMAGES.get(name, ""), used_by=(f"image of {user}",)))
    return found
