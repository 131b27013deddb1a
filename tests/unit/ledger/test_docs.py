"""docs/verify-pipeline.md: its options exist, its example is Python, and no row of the table goes unexplained."""

from __future__ import annotations

import ast
import re

import pytest

from heliograph.ledger import _page
from heliograph.ledger._cli import verify_pipeline
from heliograph.stack._paths import config_root

TEXT = (config_root() / "docs" / "verify-pipeline.md").read_text(encoding="utf-8")
OPTIONS = {name for parameter in verify_pipeline.params for name in parameter.opts}


def test_every_option_exists() -> None:
    commands = "\n".join(line for line in TEXT.splitlines() if "heliograph verify-pipeline" in line)
    named = set(re.findall(r"(?<!-)--[a-z][a-z-]+", commands)) | set(re.findall(r"`(--[a-z][a-z-]+)`", TEXT))
    assert {"--again", "--break", "--shift"} <= named
    assert named - {"--query.max-samples"} <= OPTIONS


@pytest.mark.parametrize("row", [*_page._ROWS, *_page._RARE, "visible after"])
def test_every_row_is_explained(row: str) -> None:
    assert f"| {row} |" in TEXT


def test_its_python_is_python() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    ast.parse(code)
