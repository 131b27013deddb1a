"""The bill of materials: CycloneDX 1.6, JSON (https://cyclonedx.org/docs/1.6/json/). The same parts, the same bytes."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from heliograph._version import __version__
from heliograph.errors import HeliographError
from heliograph.supply._component import Component

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["read_bom", "write_bom"]

_NAMESPACE = uuid.UUID("6f0c1f5e-6c1e-5e0a-9d53-0a3f6b0f6f10")
_OF = "heliograph:used-by"
_CHECKSUM = "heliograph:go-checksum"


def write_bom(components: Iterable[Component]) -> str:
    """Return the document. It has no time of its own: it changes when a part does."""
    parts = [_part(one) for one in sorted(components)]
    serial = uuid.uuid5(_NAMESPACE, json.dumps(parts, sort_keys=True))
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "heliograph",
                "name": "heliograph",
                "version": __version__,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": f"pkg:pypi/heliograph@{__version__}",
            }
        },
        "components": parts,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_bom(path: Path) -> list[Component]:
    """Return the parts of a document of ours, [] where there is none; raises HeliographError for another thing."""
    if not path.is_file():
        return []
    try:
        return [_component(part) for part in json.loads(path.read_text(encoding="utf-8"))["components"]]
    except (ValueError, KeyError, TypeError) as error:
        raise HeliographError(
            f"{path.name} is no bill of materials of ours.", why=repr(error), hint="make sbom"
        ) from error


def _part(one: Component) -> dict[str, Any]:
    # Go's h1 is a hash over the hashes of a module's files: of no archive, and so no `hashes` of CycloneDX.
    properties = [(_OF, ", ".join(one.used_by)), (_CHECKSUM, one.checksum)]
    return {
        "type": "container" if one.ecosystem == "docker" else "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        **({"licenses": [_licence(one.licence)]} if one.licence else {}),
        "purl": one.purl,
        "properties": [{"name": name, "value": value} for name, value in properties if value],
    }


def _licence(expression: str) -> dict[str, Any]:
    simple = " " not in expression
    return {"license": {"id": expression}} if simple else {"expression": expression}


def _component(part: dict[str, Any]) -> Component:
    ecosystem = part["purl"].removeprefix("pkg:").partition("/")[0]
    (stated,) = part.get("licenses") or [{}]
    said = {entry["name"]: entry["value"] for entry in part["properties"]}
    return Component(
        ecosystem=ecosystem,
        name=part["name"],
        version=part["version"],
        licence=stated.get("expression") or stated.get("license", {}).get("id", ""),
        checksum=said.get(_CHECKSUM, ""),
        used_by=tuple(said.get(_OF, "").split(", ")),
    )
