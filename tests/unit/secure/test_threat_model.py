"""docs/security.md names tests: they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heliograph.stack._paths import config_root

PAGE = (config_root() / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+)`", PAGE)))


@pytest.fixture(scope="module")
def written() -> set[str]:
    files = Path(config_root() / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"(?m)^def (test_\w+)", file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", NAMED)
def test_a_defence_is_known_by_a_test_that_exists(name: str, written: set[str]) -> None:
    assert name in written


def test_every_threat_has_one() -> None:
    rows = re.findall(r"(?m)^\| (?!threat|---)(.+?) \| (.+?) \| (.+?) \|$", PAGE.split("## What is worth")[1])
    assert len(rows) >= 15
    assert [threat for threat, _, known in rows if not re.search(r"`test_\w+`", known)] == []
