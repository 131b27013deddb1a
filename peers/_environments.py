"""Environments in the user's cache folder, keyed by what is in them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from peers._list import PEERS, TREE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from peers._list import Peer

__all__ = ["Environment", "NotBuiltError", "build", "find", "prune", "uv"]

_REASON_LINES = 12  # of what the installer said; its last ones have the reason
_READY = ".ready"


class NotBuiltError(Exception):
    """An environment cannot be made today; the text is the installer's reason."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds what a peer's lock says."""

    peer: Peer
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def ready(self) -> bool:
        """Whether it was made to the end."""
        return (self.folder / _READY).exists()

    def variables(self) -> dict[str, str]:
        """Give the environment variables that put this tree's heliograph into its processes."""
        return {"PYTHONPATH": str(TREE / "instrumentation"), "VIRTUAL_ENV": str(self.folder)}


def find(peer: Peer) -> Environment:
    """Say where a peer's environment is, made or not."""
    said = f"{platform.python_implementation()} {platform.python_version()} {platform.machine()} {sys.base_prefix}\n"
    digest = hashlib.sha256(said.encode() + peer.lock.read_bytes()).hexdigest()[:12]
    return Environment(peer, _root() / f"{peer.name}-{digest}")


def build(peer: Peer, *, progress: Callable[[str], None] = lambda _: None) -> Environment:
    """Make a peer's environment unless it is there; raises NotBuiltError with the installer's reason.

    One process makes it at a time, others wait for it. What was left half made is made again.
    """
    environment = find(peer)
    if environment.ready:
        return environment
    with _alone(environment):
        if not environment.ready:
            shutil.rmtree(environment.folder, ignore_errors=True)
            tool = uv()
            progress(f"{peer.name}: installing {len(peer.versions())} packages with {'uv' if tool else 'pip'} ...")
            try:
                for command in _with_uv(environment, tool) if tool else _with_pip(environment):
                    _run(command)
            except NotBuiltError:
                shutil.rmtree(environment.folder, ignore_errors=True)
                raise
            (environment.folder / _READY).touch()
    return environment


def prune() -> list[Path]:
    """Remove environments that no lock of this tree asks for (for this Python); return their folders."""
    wanted = {find(peer).folder for peer in PEERS.values()}
    gone = [path for path in sorted(_root().glob("*-*")) if path.is_dir() and path not in wanted]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
        path.with_suffix(".lock").unlink(missing_ok=True)
    return gone


def _root() -> Path:
    if override := os.environ.get("HELIOGRAPH_CACHE"):
        return Path(override).expanduser() / "peers"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "heliograph" / "peers"


@contextmanager
def _alone(environment: Environment) -> Iterator[None]:
    environment.folder.parent.mkdir(parents=True, exist_ok=True)
    with environment.folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def uv() -> str | None:
    """Find uv: beside this Python, else on the path."""
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")


def _with_uv(environment: Environment, tool: str) -> list[list[str]]:
    lock = str(environment.peer.lock)
    return [
        [tool, "venv", "--quiet", "--python", sys.executable, str(environment.folder)],
        [tool, "pip", "install", "--quiet", "--python", str(environment.python), "--require-hashes", "-r", lock],
    ]


def _with_pip(environment: Environment) -> list[list[str]]:
    pip = [str(environment.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [
        [sys.executable, "-m", "venv", str(environment.folder)],
        [*pip, "--require-hashes", "-r", str(environment.peer.lock)],
    ]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotBuiltError("\n".join(said[-_REASON_LINES:]) or f"{command[0]} ended with {done.returncode}")
