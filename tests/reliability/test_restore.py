"""A stack's data folder, copied and started elsewhere, answers what the old one answered."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from heliograph.ledger import Targets, again
from heliograph.stack import Stack

from ._judge import assert_nothing_lost
from ._scale import SCALE, port_offset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Books

RESTORED_WITHIN = 900.0
"""Seconds from the copy to the same answers."""
DURATION = 120.0 if SCALE.long else 8.0


def test_a_copied_data_folder_answers_the_same(tmp_path: Path, books: Books, tell: Callable[[str], None]) -> None:
    old = Stack(port_offset(), tmp_path / "old")
    try:
        old.up(timeout=180)
        assert_nothing_lost(books(old, DURATION))
        (ledger,) = tmp_path.glob("*.jsonl")
    finally:
        old.down()
    backup = tmp_path / "backup"
    shutil.copytree(old.workspace.root / "data", backup)
    old.wipe()

    begun = time.monotonic()
    new = Stack(port_offset(), tmp_path / "new")
    try:
        shutil.copytree(backup, new.workspace.root / "data")
        new.up(timeout=180)
        assert_nothing_lost(again(ledger, Targets.at(new.offset)))
        took = time.monotonic() - begun
        tell(f"\nrestored, and every record found again, in {took:.1f} s")
        assert took < RESTORED_WITHIN
    finally:
        new.down()
