"""Run rows of the matrix: environments as needed, then cell by cell."""

from __future__ import annotations

import platform
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import peers
from tests.coexistence._cell import PHASES, run
from tests.coexistence._results import RowResult, Verdict
from tests.coexistence._rows import BESIDE, FIRST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.coexistence._rows import Beside, First, Row

__all__ = ["run_row", "shown_versions"]


def run_row(row: Row, *, progress: Callable[[str], None], first: tuple[First, ...] = FIRST) -> RowResult:
    """Run all cells of a row; one that cannot be installed today says so in each of them."""
    environment, reason = None, ""
    try:
        environment = peers.build(peers.PEERS[row.peer], progress=progress)
    except peers.NotBuiltError as error:
        reason = str(error)
        progress(f"{row.name}: cannot be installed today")
    cells: dict[str, dict[str, dict[str, Verdict]]] = {
        beside: {
            order: _cell(row, beside, order, environment, progress)
            if environment is not None
            else _all(Verdict("not installed", reason))
            for order in first
        }
        for beside in BESIDE
    }
    today = datetime.now(UTC).date().isoformat()
    return RowResult(today, platform.python_version(), shown_versions(row), cells)


def shown_versions(row: Row) -> dict[str, str]:
    """Say which versions of what a row is about are locked."""
    locked = peers.PEERS[row.peer].versions()
    return {name: locked[name] for name in (*row.shown, "openai", "opentelemetry-sdk")}


def _cell(
    row: Row, beside: Beside, first: First, environment: peers.Environment, progress: Callable[[str], None]
) -> dict[str, Verdict]:
    cannot = row.cannot.get(beside) or row.cannot.get(first)
    if cannot:
        return _all(Verdict("not possible", cannot))
    started = time.monotonic()
    verdicts = run(row, beside, first, environment)
    said = ", ".join(
        f"{phase} {verdict.state}" + (f" ({verdict.reason})" if verdict.reason else "")
        for phase, verdict in verdicts.items()
    )
    progress(f"{row.name:<24}{beside:<10}{first + ' first':<18}{time.monotonic() - started:5.1f} s  {said}")
    return verdicts


def _all(verdict: Verdict) -> dict[str, Verdict]:
    return dict.fromkeys(PHASES, verdict)
