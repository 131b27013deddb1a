"""Two peers of the matrix, whose environments are small: what `make coexistence` does with all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peers
import pytest
from tests.coexistence._cell import run
from tests.coexistence._rows import ROWS

if TYPE_CHECKING:
    from tests.coexistence._rows import Beside, First

CELLS: list[tuple[str, Beside, First]] = [
    ("logfire", "alone", "peer"),
    ("openinference-openai", "ours", "heliograph"),
]


@pytest.mark.parametrize(("name", "beside", "first"), CELLS)
def test_each_call_counts_once(name: str, beside: Beside, first: First) -> None:
    row = ROWS[name]
    verdicts = run(row, beside, first, peers.build(peers.PEERS[row.peer]))
    assert {phase: (verdict.state, verdict.reason) for phase, verdict in verdicts.items()} == {
        "chat": ("right", ""),
        "stream": ("right", ""),
    }


def test_a_cell_in_which_nobody_tells_of_the_calls_is_wrong() -> None:
    """Say with figures what is missing: a matrix that cannot fail shows nothing."""
    verdicts = run(ROWS["openai"], "alone", "peer", peers.build(peers.PEERS["logfire"]))
    assert {verdict.state for verdict in verdicts.values()} == {"wrong"}
    assert verdicts["chat"].reason.startswith("calls 0, billed 5; errors 0, billed 2; input tokens 0, billed ")
