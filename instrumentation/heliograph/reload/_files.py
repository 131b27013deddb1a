"""Replace a set of files so that it can be taken back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.reload._servers import Changed

__all__ = ["replace"]


def replace(root: Path, changed: Changed) -> dict[str, str | None]:
    """Write the changed files below `root`, each in one step; return what stood there before, in the same form.

    When the disk fails on the way, what was written is put back before the error (OSError) goes on.
    """
    before: dict[str, str | None] = {}
    try:
        for path, text in changed.items():
            target = root / path
            before[path] = target.read_text(encoding="utf-8") if target.is_file() else None
            _put(target, text)
    except OSError:
        for path, text in before.items():
            _put(root / path, text)
        raise
    return before


def _put(target: Path, text: str | None) -> None:
    if text is None:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # A server that looks in between must not read half a file, nor this name: its suffix is not .yaml or .json.
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
