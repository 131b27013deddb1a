"""The bill of materials: it is that of the lock file, of the images, and every licence in it is known and allowed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from heliograph.errors import HeliographError
from heliograph.stack._paths import config_root
from heliograph.supply._bom import read_bom, write_bom
from heliograph.supply._collect import BOM, LOCK, pulled
from heliograph.supply._component import Component
from heliograph.supply._licence import EXCEPTIONS, from_text, refused
from heliograph.supply._lock import locked
from heliograph.supply._modules import modules_of, stdlib
from heliograph.supply._page import page

if TYPE_CHECKING:
    from pathlib import Path

ROOT = config_root()
PARTS = read_bom(ROOT / BOM)
AGAIN = "run: make sbom"


def test_it_is_written_as_it_is_read() -> None:
    assert write_bom(PARTS) == (ROOT / BOM).read_text(encoding="utf-8"), AGAIN


def test_the_same_parts_in_another_order_are_the_same_bytes() -> None:
    assert write_bom(reversed(PARTS)) == write_bom(PARTS)
    assert write_bom(PARTS[1:]) != write_bom(PARTS)


def test_python_packages_are_those_of_the_lock_file() -> None:
    known = {(one.name, one.version): one.licence for one in PARTS}
    assert [one for one in PARTS if one.ecosystem == "pypi"] == sorted(locked(ROOT / LOCK, known)), AGAIN


def test_images_are_those_that_are_run() -> None:
    assert [one for one in PARTS if one.ecosystem == "docker"] == sorted(pulled(ROOT)), AGAIN


def test_go_modules_have_checksums() -> None:
    golang = [one for one in PARTS if one.ecosystem == "golang"]
    assert len(golang) > 100
    assert [one.name for one in golang if not one.checksum.startswith("h1:")] == ["stdlib"] * len(
        [one for one in golang if one.name == "stdlib"]
    )


def test_the_page_of_licences_is_up_to_date() -> None:
    assert page(PARTS) == (ROOT / "docs/licences.md").read_text(encoding="utf-8"), AGAIN


@pytest.mark.parametrize(
    ("row", "ecosystem"),
    [("Python packages", "pypi"), ("Go modules of the servers and tools", "golang"), ("Docker images", "docker")],
)
def test_the_page_says_how_many_there_are(row: str, ecosystem: str) -> None:
    there = sum(one.ecosystem == ecosystem for one in PARTS)
    assert f"| {row} ({there}) |" in (ROOT / "docs/supply-chain.md").read_text(encoding="utf-8")


# -- Licences ----------------------------------------------------------------------------------------------------------


def test_every_licence_is_known_and_allowed() -> None:
    assert refused(PARTS) == []


def test_every_exception_is_still_needed() -> None:
    assert {(one.ecosystem, one.name): one.licence for one in PARTS if (one.ecosystem, one.name) in EXCEPTIONS} == {
        key: licence for key, (licence, _) in EXCEPTIONS.items()
    }


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("", "its licence is not known"),
        ("GPL-3.0-only", "GPL-3.0-only is not allowed"),
        ("AGPL-3.0-only", "AGPL-3.0-only is not allowed"),
        ("MIT AND GPL-2.0-only", "is not allowed"),
        ("LicenseRef-Proprietary", "is not allowed"),
        ("MIT", None),
        ("MIT OR GPL-2.0-only", None),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", None),
        ("Apache-2.0 WITH LLVM-exception", None),
    ],
)
def test_a_new_part_must_have_a_licence_that_fits(licence: str, said: str | None) -> None:
    found = refused([*PARTS, Component("pypi", "brand-new", "1.0", licence)])
    assert len(found) == (said is not None)
    assert all(one.startswith("brand-new 1.0: ") and str(said) in one for one in found)


def test_an_exception_is_for_its_licence_only() -> None:
    (loki,) = [one for one in PARTS if one.name == "github.com/grafana/loki/v3"]
    assert refused([loki]) == []
    assert refused([replace(loki, licence="BUSL-1.1")]) != []


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("# Permission is hereby granted, free of charge, to any\n# person obtaining a copy", "MIT"),
        ("Redistribution and use in source and binary forms ... Neither the name of Google", "BSD-3-Clause"),
        ("Redistribution and use in source and binary forms, with or without", "BSD-2-Clause"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n  Version 3, 19 November 2007", "AGPL-3.0-only"),
        (
            'Mozilla Public License, version 2.0 ... "Secondary License": the GNU General Public License, Version 2.0',
            "MPL-2.0",
        ),
        ("Permission to use, copy, modify, and/or distribute this software for any purpose", "ISC"),
        (
            "Apache License, Version 2.0. Permission is hereby granted, free of charge, to any person obtaining a copy",
            "Apache-2.0 AND MIT",
        ),
        ("All rights reserved. You may not use this.", ""),
    ],
)
def test_a_text_is_recognised(text: str, licence: str) -> None:
    assert from_text(text) == licence


# -- What is read ------------------------------------------------------------------------------------------------------


def test_a_lock_file_without_a_hash_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"click==8.3.0 \\\n    --hash=sha256:{'0' * 64}\nbrand-new==1.0\n")
    with pytest.raises(HeliographError, match=r"brand-new==1\.0 has no hash"):
        locked(lock, {})


def test_a_package_that_is_not_installed_here_keeps_its_licence(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"brand-new==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64}\n")
    (unknown,) = locked(lock, {})
    (known,) = locked(lock, {("brand-new", "1.0"): "MIT"})
    assert (unknown.licence, known.licence) == ("", "MIT")


SAID = """/cache/loki: go1.26.8
\tpath\tgithub.com/grafana/loki/v3/cmd/loki
\tmod\tgithub.com/grafana/loki/v3\tv3.7.8\th1:a=
\tdep\tgithub.com/Azure/thing\tv1.0.0\th1:b=
\tdep\tgithub.com/old/regexp\tv0.1.0
\t=>\tgithub.com/grafana/regexp\tv0.2.0\th1:c=
\tbuild\t-compiler=gc
"""


def test_a_replaced_module_is_its_replacement() -> None:
    assert modules_of(SAID) == [
        ("github.com/grafana/loki/v3", "v3.7.8", "h1:a="),
        ("github.com/Azure/thing", "v1.0.0", "h1:b="),
        ("github.com/grafana/regexp", "v0.2.0", "h1:c="),
    ]
    assert stdlib(SAID) == ("stdlib", "1.26.8", "")


def test_our_own_main_module_is_no_part() -> None:
    assert modules_of("x: go1.26.8\n\tmod\theliograph/collector\t(devel)\t\n") == []


def test_names_are_package_urls() -> None:
    assert Component("pypi", "ruamel.yaml", "0.19").purl == "pkg:pypi/ruamel.yaml@0.19"
    assert Component("golang", "github.com/Azure/a", "v1.0.0+incompatible").purl == (
        "pkg:golang/github.com/Azure/a@v1.0.0%2Bincompatible"
    )


def test_another_file_is_no_bill(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"components": [{"name": "x"}]}))
    with pytest.raises(HeliographError, match="no bill of materials"):
        read_bom(other)
