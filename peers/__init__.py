"""Environments with other people's instrumentation in them, for the coexistence matrix and for benchmarks.

Each peer is an input file (`<name>.in`) and what it resolves to together with heliograph's own dependencies
(`<name>.txt`, with hashes). `build` makes an environment of it in the user's cache folder, once; `heliograph` itself
is taken from this tree::

    environment = peers.build(peers.PEERS["langfuse"])
    subprocess.run([environment.python, "script.py"], env={**os.environ, **environment.variables()})
"""

from __future__ import annotations

from peers._environments import Environment, NotBuiltError, build, find, prune
from peers._list import PEERS, Peer

__all__ = ["PEERS", "Environment", "NotBuiltError", "Peer", "build", "find", "prune"]
