"""`python -m peers`: make, list and lock the environments."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from peers._environments import NotBuiltError, build, find, prune, uv
from peers._list import PEERS
from peers._locking import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from peers._list import Peer

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 1 when an environment cannot be made, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m peers", description="Environments of other people's packages.")
    commands = parser.add_subparsers(dest="command", required=True)
    _with_names(commands.add_parser("build", help="make environments; those that are there are left alone"))
    listing = _with_names(commands.add_parser("list", help="say what is locked, and what is made"))
    listing.add_argument("--json", action="store_true", help="as JSON")
    _with_names(commands.add_parser("lock", help="resolve the input files again (needs uv)"))
    commands.add_parser("prune", help="remove environments that no lock asks for any more")
    options = parser.parse_args(argv)
    match options.command:
        case "list":
            return _list(_chosen(parser, options.names), as_json=options.json)
        case "build":
            return _each(_chosen(parser, options.names), _build)
        case "lock":
            return _each(_chosen(parser, options.names), _lock)
    print("\n".join(map(str, prune())) or "Nothing to remove.")
    return 0


def _with_names(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PEERS)}  [default: all]")
    return parser


def _chosen(parser: argparse.ArgumentParser, names: Sequence[str]) -> list[Peer]:
    if unknown := [name for name in names if name not in PEERS]:
        parser.error(f"no peer is called {', '.join(unknown)}; there are {', '.join(PEERS)}")
    return [PEERS[name] for name in names or PEERS]


def _list(peers: Sequence[Peer], *, as_json: bool) -> int:
    environments = [find(peer) for peer in peers]
    if as_json:
        said = [
            {
                "name": each.peer.name,
                "about": each.peer.about,
                "python": str(each.python),
                "built": each.ready,
                "versions": each.peer.versions(),
            }
            for each in environments
        ]
        print(json.dumps(said, indent=2))
        return 0
    for each in environments:
        print(f"{each.peer.name:<24}{'built' if each.ready else '-':<7}{each.peer.about}")
    return 0


def _each(peers: Sequence[Peer], work: Callable[[Peer], str]) -> int:
    """Do it for every one of them, and say at the end which could not be done."""
    failed = 0
    for peer in peers:
        started = time.monotonic()
        try:
            said = work(peer)
        except NotBuiltError as error:
            failed += 1
            print(f"{peer.name}: cannot be installed today\n{error}", file=sys.stderr)
        else:
            print(f"{peer.name:<24}{time.monotonic() - started:6.1f} s  {said}", flush=True)
    return 1 if failed else 0


def _build(peer: Peer) -> str:
    return str(build(peer, progress=lambda text: print(text, file=sys.stderr, flush=True)).folder)


def _lock(peer: Peer) -> str:
    found = uv()
    if found is None:
        raise NotBuiltError("uv is not found; pip install uv")
    resolve(peer, found)
    return f"{len(peer.versions())} packages"
