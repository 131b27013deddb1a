"""Resolve the input files again, each together with heliograph's own dependencies."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from peers._environments import NotBuiltError
from peers._list import TREE

if TYPE_CHECKING:
    from peers._list import Peer

__all__ = ["resolve"]

_REASON_LINES = 12


def resolve(peer: Peer, uv: str) -> None:
    """Write a peer's lock anew; raises NotBuiltError with the resolver's reason, and leaves the old one then."""
    inputs = ["pyproject.toml", str(peer.source.relative_to(TREE))]
    options = ["--universal", "--python-version", "3.11", "--upgrade", "--generate-hashes"]
    quiet = ["--no-emit-index-url", "--no-annotate", "--quiet", "--custom-compile-command", "python -m peers lock"]
    done = subprocess.run(
        [uv, "pip", "compile", *inputs, *options, *quiet, "--output-file", str(peer.lock)],
        cwd=TREE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotBuiltError("\n".join(done.stderr.strip().splitlines()[:_REASON_LINES]))
