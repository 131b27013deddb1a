"""Have the file system write through what a server puts into its folder, since the server never asks for that.

Prometheus and Loki write their logs ahead without a sync: what they answered 200 for is in the kernel's memory for up
to half a minute, and a power cut takes it along, though the collector's queue has let go of it. The attribute `S` of a
folder (`chattr +S`; `FS_SYNC_FL` in Linux' linux/fs.h) makes every write to a file in it synchronous, and is handed on
to files and folders that are made in it later. ext4 and XFS know it; tmpfs, and what is not Linux, does not.
"""

from __future__ import annotations

import array
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.stack._plan import Plan

__all__ = ["VARIABLE", "power_note", "set_sync_writes"]

VARIABLE = "HELIOGRAPH_SYNC_WRITES"
"""In a server's environment, by `heliograph.config._server_files`: `true` or `false`. Without it nothing is done."""

# linux/fs.h, on a 64-bit machine: _IOR('f', 1, long), _IOW('f', 2, long), FS_SYNC_FL.
_GET_FLAGS, _SET_FLAGS, _SYNC = 0x80086601, 0x40086602, 0x00000008


def set_sync_writes(folder: Path, *, on: bool) -> list[str]:
    """Have what is written below `folder` written through, or no longer; return a line for the log where it cannot be.

    Files that exist keep what they have: both servers begin a new log at each start. Nothing is walked through when
    the folder has it already.
    """
    try:
        if _get(folder) == on:
            return []
        below = [Path(parent, name) for parent, names, _ in os.walk(folder) for name in names]
        for path in (*below, folder):  # itself last: it says that all others are done
            _set(path, on=on)
        if not on or _handed_on(folder):
            return []
        _set(folder, on=False)
        why = "its file system does not hand the attribute S on to new files"
    except OSError as error:
        if not on:
            return []
        why = f"its file system does not take the attribute S ({error.strerror or error})"
    return [f"heliograph: {folder} is not written through: {why}. A power cut may take the newest half minute along"]


def power_note(plan: Plan | None) -> str:
    """Say which servers of a plan should be written through and are not; "" when all are."""
    wanted = [server for server in plan.servers if server.env.get(VARIABLE) == "true"] if plan else []
    names = [server.name for server in wanted if not _through(Path(server.cwd))]
    if not names:
        return ""
    return (
        f"{' and '.join(names)} cannot be written through on this file system: a power cut may take the newest half "
        "minute along (docs/reliability.md)."
    )


def _through(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return _get(folder)
    return False


def _handed_on(folder: Path) -> bool:
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        return _get(Path(file.name))


def _get(path: Path) -> bool:
    return bool(_ask(path, _GET_FLAGS, 0) & _SYNC)


def _set(path: Path, *, on: bool) -> None:
    flags = _ask(path, _GET_FLAGS, 0)
    _ask(path, _SET_FLAGS, flags | _SYNC if on else flags & ~_SYNC)


def _ask(path: Path, what: int, flags: int) -> int:
    if sys.platform != "linux":
        raise OSError(None, "only Linux has it")
    from fcntl import ioctl

    value = array.array("l", [flags])
    opened = os.open(path, os.O_RDONLY)
    try:
        ioctl(opened, what, value, True)
    finally:
        os.close(opened)
    return value[0]
