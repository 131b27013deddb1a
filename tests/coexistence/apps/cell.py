"""One cell of the matrix, inside a peer's environment: `cell.py ROW ROAD BESIDE FIRST PHASE=MODEL,REFUSED ...`.

BESIDE says who instruments beside the peer: `alone` (heliograph starts nothing), `official` (the application starts
OpenTelemetry's own, too) or `ours` (`heliograph.configure()` as its page says). FIRST is who is set up first.
"""

from __future__ import annotations

import sys

from calls import ROADS
from starts import STARTS, official_openai

import heliograph


def main(row: str, road: str, beside: str, first: str, *phases: str) -> None:
    """Set up both, ask, and send."""

    def ours() -> None:
        heliograph.configure("cell", instrument=beside == "ours")

    def theirs() -> None:
        STARTS[row]()
        if beside == "official":
            official_openai()

    for start in (ours, theirs) if first == "heliograph" else (theirs, ours):
        start()
    for phase in phases:
        name, _, models = phase.partition("=")
        ROADS[road](name, *models.split(","))
    heliograph.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
