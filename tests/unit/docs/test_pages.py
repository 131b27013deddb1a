"""Every page of docs/: what is pasted from it into a shell or a program exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import heliograph

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
NAMES = [page.name for page in PAGES]


def shell(page: Path) -> str:
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    kinds = {"", "sh", "bash", "shell"}
    return "".join(one.content for one in tokens if one.type in {"code_block", "fence"} and one.info.strip() in kinds)


def there(name: str) -> bool:
    return hasattr(heliograph, name) or importlib.util.find_spec(f"heliograph.{name}") is not None


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_what_it_calls_of_the_package_exists(page: Path) -> None:
    called = set(re.findall(r"\bheliograph\.([a-z_]+)\(", page.read_text(encoding="utf-8")))
    assert not {name for name in called if not there(name)}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_it_installs_from_a_clone_while_there_is_no_release(page: Path) -> None:
    assert not re.findall(r"pip install .*heliograph.*", shell(page))


def test_the_looks_find_something() -> None:
    assert any("pip install '.[" in shell(page) for page in PAGES)
    assert there("configure")
    assert there("testing")
    assert not there("init")
