"""Run one `go` command: its output into a log, a beat for the progress, nothing left behind when interrupted."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from typing import IO, TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Counter", "explain", "run"]

_BEAT = 0.5  # seconds between two calls of `tick` while go is silent
_GRACE = 5.0  # seconds that an interrupted go gets before it is killed

# What go's messages mean: (pattern in the log, what happened, what to do next). The first that is found counts.
_CAUSES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("no space left on device", "disk quota exceeded"),
        "the disk is full",
        "free up to 14 GB (`go clean -cache` empties Go's build cache), then run `heliograph build` again",
    ),
    (
        ("checksum mismatch", "SECURITY ERROR"),
        "a downloaded module is not the one that was pinned: its hash differs from go.sum",
        "do not work around it; check the module proxy (`go env GOPROXY`), then `go clean -modcache` and build again",
    ),
    (
        ("missing go.sum entry", "updates to go.mod needed", "go: inconsistent vendoring"),
        "our go.mod and go.sum do not belong together",
        "restore `native/` from git; after a version bump follow `native/README.md`",
    ),
    (
        ("403 Forbidden", "404 Not Found", "410 Gone", "unknown revision"),
        "the module proxy does not hand out a module at the pinned version",
        "see which one in the log; try another proxy with `GOPROXY=...`",
    ),
    (
        (
            "dial tcp", "no such host", "connection refused", "connection reset", "i/o timeout", "proxyconnect",
            "TLS handshake timeout", "network is unreachable", "server misbehaving", "context deadline exceeded",
            "module lookup disabled",
        ),
        "the Go module proxy cannot be reached",
        "check the network, `go env GOPROXY` and HTTPS_PROXY, then build again; what has been downloaded is kept",
    ),
    (
        ("signal: killed", "cannot allocate memory", "runtime: out of memory"),
        "the machine ran out of memory",
        "stop what else is running, or build with `GOMAXPROCS=1 heliograph build`",
    ),
)  # fmt: skip


class Counter:
    """What `go build -v` has told so far: modules downloaded, packages compiled."""

    def __init__(self) -> None:
        self.modules = 0
        self.packages = 0

    def read(self, line: str) -> None:
        """Count one line of go's output."""
        if line.startswith("go: downloading "):
            self.modules += 1
        elif line and " " not in line:  # -v prints the bare path of each package it compiles
            self.packages += 1

    @property
    def state(self) -> Literal["downloading", "compiling"]:
        """`downloading` until the first package is compiled."""
        return "compiling" if self.packages else "downloading"

    @property
    def hint(self) -> str:
        """One phrase for the progress line."""
        if self.packages:
            return f"{self.packages} package{'s' * (self.packages > 1)} compiled"
        return f"{self.modules} module{'s' * (self.modules > 1)} downloaded" if self.modules else "looking up modules"


def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: IO[str],
    stdout: IO[bytes] | None = None,
    on_line: Callable[[str], None],
    tick: Callable[[], None],
) -> int:
    """Run `command` in a process group of its own and return its exit code.

    Messages go to `log` line by line and to `on_line`; `tick` is called at least twice a second. However this function
    is left - Ctrl-C, an error in a callback - no process of the group is alive afterwards.
    """
    log.write(f"$ {' '.join(map(str, command))}\n")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=stdout if stdout is not None else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), name="go-output", daemon=True)
    reader.start()
    try:
        while True:
            try:
                line = lines.get(timeout=_BEAT)
            except queue.Empty:
                tick()
                continue
            if line is None:
                break
            log.write(line)
            on_line(line.rstrip("\n"))
            tick()
        return process.wait()
    finally:
        _end(process)
        reader.join(timeout=_GRACE)
        if process.stderr is not None and not reader.is_alive():
            process.stderr.close()


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    with contextlib.suppress(ValueError, OSError):  # closed under us after an interrupt
        for line in process.stderr or ():
            lines.put(line)
    lines.put(None)


def _end(process: subprocess.Popen[str]) -> None:
    """End the whole group: go's compilers and linkers are its children and would go on without it."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_GRACE)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def explain(log: str) -> tuple[str, str]:
    """Return (why, what next) for the log of a failed build."""
    for patterns, why, hint in _CAUSES:
        if any(pattern in log for pattern in patterns):
            return why, hint
    return "go could not compile it", "read the log; `native/README.md` lists the known pitfalls of each server"
