"""One exposed stack for all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from heliograph.demo._story import free_offset
from heliograph.secure._folder import Folder
from heliograph.secure._layout import initialise
from heliograph.secure._overlay import Exposed
from heliograph.stack import Stack

from ._target import FRONT, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

from ._ask import soon

HASTE = """
alerts:
  RunawayAgent: {window: 1m, keep_firing_for: 0s}
"""


@pytest.fixture(scope="package")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    base = tmp_path_factory.mktemp("exposed")
    folder = Folder(base / "secrets")
    initialise(folder, [FRONT, "observe.example.com"])
    (base / "haste.yaml").write_text(HASTE, encoding="utf-8")
    before = {name: os.environ.get(name) for name in ("HELIOGRAPH_STATE", "HELIOGRAPH_SECRETS")}
    os.environ |= {"HELIOGRAPH_STATE": str(base / "state"), "HELIOGRAPH_SECRETS": str(folder.path)}
    stack = Stack(
        free_offset(),
        overlays=[base / "haste.yaml"],
        exposed=Exposed(str(folder.path), FRONT),
    )
    try:
        stack.up()
        yield Target(stack, folder, FRONT)
    finally:
        stack.down()
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="package")
def token(target: Target) -> str:
    """Give the token of an application of the tenant acme."""
    made = target.tokens.create("shop", "acme").text
    soon(lambda: target.sender(made).log("warm-up", "the collector knows the token") == 200)
    return made
