"""What the last run found, row by row, in a file: the page is made of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FILE", "RowResult", "State", "Verdict", "load", "save"]

FILE: Final = Path(__file__).with_name("results.json")

State = Literal["right", "wrong", "not installed", "not possible"]


@dataclass(frozen=True)
class Verdict:
    """What became of one phase of a cell; of a right one, `reason` says what to know all the same."""

    state: State
    reason: str = ""


@dataclass(frozen=True)
class RowResult:
    """The cells of a row: who is beside, who is set up first, the phase. `date` is ISO 8601's day."""

    date: str
    python: str
    versions: Mapping[str, str]
    cells: Mapping[str, Mapping[str, Mapping[str, Verdict]]]

    def wrong(self) -> list[str]:
        """Name the wrong cells, with their figures."""
        return [
            f"{beside}, {first} first, {phase}: {verdict.reason}"
            for beside, orders in self.cells.items()
            for first, phases in orders.items()
            for phase, verdict in phases.items()
            if verdict.state == "wrong"
        ]


def load(path: Path = FILE) -> dict[str, RowResult]:
    """Read the results, by the name of the row; none where there is no file."""
    if not path.exists():
        return {}
    said = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: RowResult(
            date=row["date"],
            python=row["python"],
            versions=row["versions"],
            cells={
                beside: {
                    first: {phase: Verdict(**verdict) for phase, verdict in phases.items()}
                    for first, phases in orders.items()
                }
                for beside, orders in row["cells"].items()
            },
        )
        for name, row in said.items()
    }


def save(results: Mapping[str, RowResult], path: Path = FILE) -> None:
    """Write the results."""
    said = {name: asdict(result) for name, result in results.items()}
    path.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", encoding="utf-8")
