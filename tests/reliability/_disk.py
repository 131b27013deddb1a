"""A small disk of one's own: a file with an ext4 in it, mounted where servers keep their data."""

from __future__ import annotations

import array
import contextlib
import os
import shutil
import subprocess
import time
from fcntl import ioctl
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Disk", "small_disk"]

_MEBIBYTES = 96
"""Prometheus and Loki want a segment of 32 MB, badger lays its files out beforehand."""


# linux/ext4.h and fs/ext4: _IOR('X', 125, __u32), and "at once, and nothing that waits is written".
_SHUT_DOWN, _WITHOUT_FLUSH = 0x8004587D, 2


class Disk:
    """A mounted disk that can be filled to the last block, and lose its power."""

    def __init__(self, folder: Path, image: Path) -> None:
        self._folder, self._image = folder, image
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Take all room that is left."""
        with self._ballast.open("wb") as ballast, contextlib.suppress(OSError):
            while True:
                os.write(ballast.fileno(), bytes(65536))

    def free(self) -> None:
        """Give it back."""
        self._ballast.unlink(missing_ok=True)

    def power_off(self) -> None:
        """Take the power: what the kernel has not handed to the disk is gone, and nothing is read or written any more.

        ext4 ends this way for tests of file systems (`godown` of xfstests). A drive that says it wrote, and did not, is
        another matter.
        """
        opened = os.open(self._folder, os.O_RDONLY)
        try:
            ioctl(opened, _SHUT_DOWN, array.array("I", [_WITHOUT_FLUSH]))
        finally:
            os.close(opened)

    def power_on(self) -> None:
        """Mount what is left. Whoever had a file open must be gone."""
        end = time.monotonic() + 30
        while (done := _run("umount", str(self._folder))).returncode:
            assert time.monotonic() < end, done.stderr
            time.sleep(0.1)
        assert _mount(self._image, self._folder).returncode == 0


@contextlib.contextmanager
def small_disk(folder: Path, image: Path, mebibytes: int = _MEBIBYTES) -> Iterator[Disk]:
    """Mount a disk at `folder`; skips the test, with the reason, where this process may not."""
    if shutil.which("mkfs.ext4") is None or os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root and mkfs.ext4")
    folder.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(mebibytes * 1024 * 1024)
    made = _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
    if made.returncode or (made := _mount(image, folder)).returncode:
        pytest.skip(f"no small disk on this machine: {made.stderr.strip()}")
    try:
        yield Disk(folder, image)
    finally:
        _run("umount", str(folder)).check_returncode()
        image.unlink()


def _mount(image: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return _run("mount", "-o", "loop", str(image), str(folder))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
