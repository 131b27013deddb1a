"""How long and how hard: the short form runs with every `make test`, the long one with `make test-reliability`.

| variable | is | short | long |
|---|---|---|---|
| HELIOGRAPH_RELIABILITY | `short` or `long` | the default | |
| HELIOGRAPH_RELIABILITY_OUTAGE | seconds that stores are away | 20 | 1 200 |
| HELIOGRAPH_RELIABILITY_RATE | spans, and as many logs, and five times as many points, a second | 60 | 200 |
| HELIOGRAPH_RELIABILITY_KILLS | of the collector | 3 | 20 |
| HELIOGRAPH_RELIABILITY_RECORD | a file to which each result is added as a line of JSON | none | none |
| HELIOGRAPH_RELIABILITY_OFFSET | added to the ports of the suite's stacks: this, or the next that is free | 0 | 0 |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from heliograph.demo._story import free_offset

__all__ = ["SCALE", "Scale", "port_offset"]


@dataclass(frozen=True)
class Scale:
    """One form of the suite."""

    name: str
    outage: float
    """Seconds."""
    rate: float
    """Spans a second; as many logs, and five times as many points."""
    kills: int
    settle: float
    """Seconds that the stores may take to show everything: 30 minutes are promised after the longest outage."""
    record: Path | None

    @property
    def long(self) -> bool:
        """Whether there is time."""
        return self.name == "long"

    def rates(self) -> dict[str, float]:
        """Return what a ledger's plan takes."""
        return {"spans": self.rate, "logs": self.rate, "points": 5 * self.rate}


def _chosen() -> Scale:
    name = os.environ.get("HELIOGRAPH_RELIABILITY", "short")
    outage, rate, kills, settle = {"short": (20.0, 60.0, 3, 60.0), "long": (1200.0, 200.0, 20, 1800.0)}[name]
    record = os.environ.get("HELIOGRAPH_RELIABILITY_RECORD")
    return Scale(
        name=name,
        outage=float(os.environ.get("HELIOGRAPH_RELIABILITY_OUTAGE", outage)),
        rate=float(os.environ.get("HELIOGRAPH_RELIABILITY_RATE", rate)),
        kills=int(os.environ.get("HELIOGRAPH_RELIABILITY_KILLS", kills)),
        settle=settle,
        record=Path(record).absolute() if record else None,
    )


def port_offset() -> int:
    """Return where the suite's next stack listens: beside the one that most files share."""
    return free_offset(int(os.environ.get("HELIOGRAPH_RELIABILITY_OFFSET", "0")))


SCALE = _chosen()
