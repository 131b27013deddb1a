"""Who a process is, how one is started, and how one is stopped - without ever hitting a stranger.

A pid alone says little: after a crash or a reboot it may belong to anyone. A process is therefore remembered as pid
plus birth, and signalled only while both match.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Identity", "identify", "is_alive", "rss_bytes", "send_signal", "spawn", "stop"]

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LINUX = sys.platform == "linux"
# Loaded before any fork: dlopen between fork and exec may deadlock.
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same number.

    `birth` is opaque: on Linux the boot's id and the start in clock ticks since boot (both immune to changes of the
    wall clock, see proc(5)), elsewhere the creation time.
    """

    pid: int
    birth: str


def identify(pid: int) -> Identity | None:
    """Return the identity of the running process `pid`, or None when there is none (a zombie counts as gone)."""
    if _LINUX:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return None
        fields = stat[stat.rindex(")") + 2 :].split()  # the name before it may contain anything
        state, start_ticks = fields[0], fields[19]
        return None if state in "ZX" else Identity(pid, f"{boot}/{start_ticks}")
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid, repr(process.create_time()))
    except psutil.Error:
        return None


def is_alive(identity: Identity | None) -> bool:
    """Say whether that very process still runs."""
    return identity is not None and identify(identity.pid) == identity


def send_signal(identity: Identity | None, number: signal.Signals) -> bool:
    """Signal that very process; return False when it is gone."""
    if identity is None or not is_alive(identity):
        return False
    try:
        os.kill(identity.pid, number)
    except ProcessLookupError:
        return False
    return True


def stop(identities: Sequence[Identity], timeout: float) -> list[Identity]:
    """Ask the processes to end (SIGTERM), and kill what is left after `timeout` seconds; return those."""
    for identity in identities:
        send_signal(identity, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    remaining = [identity for identity in identities if is_alive(identity)]
    while remaining and time.monotonic() < deadline:
        time.sleep(0.05)
        remaining = [identity for identity in remaining if is_alive(identity)]
    for identity in remaining:
        send_signal(identity, signal.SIGKILL)
    return remaining


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    die_with_parent: bool = True,
    new_session: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a process whose output is appended to `log`.

    With `die_with_parent` the kernel kills it when the calling thread's process dies, however that happens (Linux;
    elsewhere the next `up` or `down` finds what was left behind). Raises OSError when the program cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()

    def bind_to_parent() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=new_session,
            # Unsafe with threads; the supervisor has one, and the function makes only system calls.
            preexec_fn=bind_to_parent if die_with_parent and _LINUX else None,  # noqa: PLW1509
        )


def rss_bytes(identity: Identity | None) -> int | None:
    """Return the resident memory of that very process in bytes, or None when it is gone."""
    if identity is None or not is_alive(identity):
        return None
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(identity.pid).memory_info().rss)
    return None
