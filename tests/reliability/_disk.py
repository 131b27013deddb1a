"""A small disk of a server's own: a file with an ext4 in it, mounted where the server keeps its data."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Disk", "small_disk"]

_BYTES = 96 * 1024 * 1024
"""Prometheus and Loki want a segment of 32 MB, badger lays its files out beforehand."""


class Disk:
    """A mounted disk that can be filled to the last block."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Take all room that is left."""
        with self._ballast.open("wb") as ballast, contextlib.suppress(OSError):
            while True:
                os.write(ballast.fileno(), bytes(65536))

    def free(self) -> None:
        """Give it back."""
        self._ballast.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(folder: Path, image: Path) -> Iterator[Disk]:
    """Mount a disk of 96 MiB at `folder`; skips the test, with the reason, where this process may not."""
    if shutil.which("mkfs.ext4") is None or os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root and mkfs.ext4")
    folder.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(_BYTES)
    for command in (["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], ["mount", "-o", "loop", str(image), str(folder)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small disk on this machine: {' '.join(command)}: {done.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        image.unlink()
