"""Secrets stand in their files, and nowhere else."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heliograph.secure._passwords import NAMES, header_value, password

from ._target import Target, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

from ._ask import READ, operator, url_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux only")


def test_no_secret_is_in_a_process_list_a_log_a_queue_or_a_plan(target: Target, token: str) -> None:
    target.sender(token).log("leak", "sent with a token")
    for name in READ:
        status_of(url_of(target, name) + "/", None, *operator(target))
    time.sleep(2)
    hidden = {f"password of {name}": password(target.secrets, name) for name in NAMES}
    hidden |= {f"header of {name}": header_value(target.secrets, name) for name in NAMES}
    hidden |= {f"token {one.id}": one.secret for one in target.tokens.accepted()}
    for path in target.secrets.files():
        if path.suffix == ".key":
            hidden[path.name] = path.read_text().splitlines()[1]
    known = {value.encode(): what for what, value in hidden.items()}
    found = [
        (where, what) for where, content in _everywhere(target) for value, what in known.items() if value in content
    ]
    assert found == []


def _everywhere(target: Target) -> Iterator[tuple[str, bytes]]:
    """Yield all that others may see, or that is written without being meant for secrets."""
    for pid in target.pids():
        for name in ("cmdline", "environ"):
            yield f"{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()
    for path in sorted(target.stack.workspace.root.rglob("*")):
        if path.is_file():
            for content in _written(path):
                yield str(path.relative_to(target.stack.workspace.root)), content


def _written(path: Path) -> Iterator[bytes]:
    """Yield what was written into a file: stores reserve gigabytes of nothing."""
    with path.open("rb") as file:
        end = 0
        while True:
            try:
                begin = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return
            end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            yield os.pread(file.fileno(), end - begin, begin)


def test_secrets_are_readable_by_their_owner_alone(target: Target) -> None:
    open_to_others = [path for path in target.secrets.path.rglob("*") if path.stat().st_mode & 0o077]
    assert open_to_others == []
    assert target.secrets.path.stat().st_mode & 0o777 == 0o700
