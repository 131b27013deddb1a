"""What the page claims is what was run: on these versions, for these peers, and nothing of it is wrong."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from peers import PEERS, Peer
from tests.coexistence._cell import PHASES, Totals
from tests.coexistence._matrix import shown_versions
from tests.coexistence._page import read_table, table
from tests.coexistence._results import RowResult, Verdict, load
from tests.coexistence._rows import BESIDE, FIRST, ROWS, Row

ROOT = Path(__file__).parents[2]
RIGHT = Verdict("right")


def result(chat: Verdict = RIGHT) -> RowResult:
    """Make a row that is right, but for chat beside ours with the peer set up first."""
    cells: dict[str, dict[str, dict[str, Verdict]]] = {
        beside: {first: {"chat": RIGHT, "stream": RIGHT} for first in FIRST} for beside in BESIDE
    }
    cells["ours"]["peer"]["chat"] = chat
    return RowResult("2026-11-21", "3.11.7", {"langfuse": "5.0.4", "openai": "3.54.0"}, cells)


def test_the_page_is_what_the_last_run_found() -> None:
    assert read_table() == table(load()), "python -m tests.coexistence --page"


def test_every_peer_has_a_row_and_every_row_a_peer() -> None:
    assert {row.peer for row in ROWS.values()} == set(PEERS)
    assert set(load()) == set(ROWS)


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_no_cell_is_wrong_nor_missing_and_it_was_run_on_what_is_locked(row: Row) -> None:
    found = load()[row.name]
    assert found.wrong() == []
    assert {beside: set(orders) for beside, orders in found.cells.items()} == {beside: set(FIRST) for beside in BESIDE}
    assert all(set(phases) == set(PHASES) for orders in found.cells.values() for phases in orders.values())
    assert found.versions == shown_versions(row), "the lock has changed: make coexistence"


@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
def test_a_lock_holds_what_its_input_and_heliograph_ask_for(peer: Peer) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = peer.source.read_text(encoding="utf-8").splitlines()
    wanted = [*project["dependencies"], *(line for line in lines if line and not line.startswith("#"))]
    locked = peer.versions()
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(locked[requirement.name], prereleases=True), str(requirement)
    text = peer.lock.read_text(encoding="utf-8")
    assert len(re.findall(r"^[A-Za-z0-9].*==", text, re.MULTILINE)) <= text.count("--hash=sha256:")
    assert "://" not in text


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, ""),
        ({"calls": 4}, "calls 4, billed 2"),
        ({"errors": 0, "output_tokens": 9}, "errors 0, billed 1; output tokens 9, billed 20"),
        ({"input_tokens": 0}, "input tokens 0, billed 1000"),
        ({"cost": 0.000162 + 1e-12}, ""),
        ({"cost": 0.000163}, "cost 0.000163000, billed 0.000162000"),
    ],
    ids=["as billed", "twice", "two figures", "none", "the last bits of a float", "a millionth of a dollar"],
)
def test_what_is_not_as_billed_is_named(told: dict[str, float], said: str) -> None:
    billed = Totals(calls=2, errors=1, input_tokens=1000, output_tokens=20, cost=0.000162)
    assert replace(billed, **told).differences(billed) == said  # type: ignore[arg-type]


def test_a_wrong_cell_says_so_with_its_figures() -> None:
    wrong = result(Verdict("wrong", "calls 2, billed 1"))
    assert wrong.wrong() == ["ours, peer first, chat: calls 2, billed 1"]
    said = table({"langfuse": wrong})
    assert "set up before: **wrong** (1); set up after: right" in said
    assert "1. calls 2, billed 1" in said
    assert "wrong" not in table({"langfuse": result()})
