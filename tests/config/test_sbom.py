"""The bill of materials against its schema, and against what is really in the binaries of this machine."""

from __future__ import annotations

import json
import platform
from importlib.resources import files
from typing import Any
from urllib.parse import urljoin

import jsonschema  # type: ignore[import-untyped] # no type information published
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from heliograph.stack._paths import config_root
from heliograph.supply._bom import read_bom
from heliograph.supply._collect import BOM, built

PARTS = read_bom(config_root() / BOM)


def _schema(name: str) -> Any:
    return json.loads(files("cyclonedx.schema").joinpath("_res", name).read_text(encoding="utf-8"))


def test_it_is_what_the_schema_of_cyclonedx_says() -> None:
    names = [f"{name}.SNAPSHOT.schema.json" for name in ("bom-1.6", "spdx", "jsf-0.82")]
    schemas = [_schema(name) for name in names]
    # They name one another by their files.
    registry: Registry[Any] = Registry().with_resources(
        [
            (urljoin(schemas[0]["$id"], name), Resource.from_contents(schema, DRAFT7))
            for name, schema in zip(names, schemas, strict=True)
        ]
    )
    document = json.loads((config_root() / BOM).read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(schemas[0], registry=registry)
    assert [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)] == []


@pytest.mark.stack
@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="the list is that of linux/amd64"
)
def test_go_modules_are_those_in_the_binaries() -> None:
    """But for the standard library, which is that of the Go that built them here."""
    listed = {(one.name, one.version, one.checksum, one.used_by) for one in PARTS if one.ecosystem == "golang"}
    known = {(one.name, one.version): one.licence for one in PARTS}
    found = {(one.name, one.version, one.checksum, one.used_by) for one in built(known)}
    differ = sorted(one for one in listed ^ found if one[0] != "stdlib")
    assert differ == [], "run: make sbom"
