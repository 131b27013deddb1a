"""The reconciler: ten records of one sender, what became of the requests, what was found; and the accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.ledger import Plan, Targets
from heliograph.ledger._file import Head, Record, Row
from heliograph.ledger._reader import Found
from heliograph.ledger._reconcile import Shelf, reconcile

if TYPE_CHECKING:
    from heliograph.ledger._client import Outcome

RUN = "abcdef0123456789"
PLAN = Plan(spans=10, logs=10, points=0, duration=1, senders=1)
RECORD = Record(Head(RUN, 1_795_269_384.0, PLAN, Targets("", "", "", "")))
COURSE = PLAN.courses(RUN, 1_795_269_384.0)[1]


def row(first: int, count: int, outcome: Outcome = "acknowledged", rejected: int = 0, reason: str = "") -> Row:
    return Row("logs", 0, first, count, outcome, rejected, reason)


@dataclass
class Case:
    what: str
    rows: list[Row]
    found: list[int]
    expected: dict[str, Any]
    """Fields of Accounts; those of counts that are not stated must be 0."""
    gaps: list[tuple[int, int]] = field(default_factory=list)


ALL = [row(0, 5), row(5, 5)]
COUNTS = ("refused", "given_up", "missing", "duplicate", "unacknowledged_stored", "astray")


def half_acknowledged(stored: int, **others: Any) -> dict[str, Any]:
    """Say what is expected when the second of two requests of five was not acknowledged."""
    return {"sent": 10, "acknowledged": 5, "stored": stored, **others}


CASES = [
    Case("all is well", ALL, [*range(10)], {"sent": 10, "acknowledged": 10, "stored": 10}),
    Case("nothing was sent", [], [], {"sent": 0, "acknowledged": 0, "stored": 0}),
    Case(
        "one is missing",
        ALL,
        [0, 1, 2, 4, 5, 6, 7, 8, 9],
        {"sent": 10, "acknowledged": 10, "stored": 9, "missing": 1},
        [(3, 3)],
    ),
    Case(
        "a stretch over two requests is one gap",
        ALL,
        [0, 1, 2, 8, 9],
        {"sent": 10, "acknowledged": 10, "stored": 5, "missing": 5},
        [(3, 7)],
    ),
    Case(
        "two gaps",
        ALL,
        [1, 2, 3, 4, 5, 6, 7, 8],
        {"sent": 10, "acknowledged": 10, "stored": 8, "missing": 2},
        [(0, 0), (9, 9)],
    ),
    Case("all are missing", ALL, [], {"sent": 10, "acknowledged": 10, "stored": 0, "missing": 10}, [(0, 9)]),
    Case(
        "one is there twice, one three times",
        ALL,
        [*range(10), 4, 7, 7],
        {"sent": 10, "acknowledged": 10, "stored": 10, "duplicate": 3},
    ),
    Case(
        "a copy does not stand in for one that is missing",
        ALL,
        [0, 0, 2, 3, 4, 5, 6, 7, 8, 9],
        {"sent": 10, "acknowledged": 10, "stored": 9, "missing": 1, "duplicate": 1},
        [(1, 1)],
    ),
    Case(
        "they come back in another order",
        list(reversed(ALL)),
        [9, 0, 8, 1, 7, 2, 6, 3, 5, 4],
        {"sent": 10, "acknowledged": 10, "stored": 10},
    ),
    Case(
        "refused, and not stored",
        [row(0, 5), row(5, 5, "refused", reason="HTTP 400 no")],
        [*range(5)],
        half_acknowledged(5, refused=5, refusals={"HTTP 400 no": 5}),
    ),
    Case(
        "refused, but stored",
        [row(0, 5), row(5, 5, "refused", reason="HTTP 500")],
        [*range(8)],
        half_acknowledged(8, refused=5, unacknowledged_stored=3, refusals={"HTTP 500": 5}),
    ),
    Case(
        "given up, but stored: the answer was lost, not the request",
        [row(0, 5), row(5, 5, "given up", reason="no answer in time")],
        [*range(10)],
        half_acknowledged(10, given_up=5, unacknowledged_stored=5, refusals={"no answer in time": 5}),
    ),
    Case(
        "given up and not stored is nobody's loss",
        [row(0, 5), row(5, 5, "given up")],
        [*range(5)],
        half_acknowledged(5, given_up=5, refusals={"no reason was given": 5}),
    ),
    Case(
        "partial success: the rejected ones are missing",
        [row(0, 5), row(5, 5, rejected=2, reason="too long")],
        [0, 1, 2, 3, 4, 5, 7, 9],
        {"sent": 10, "acknowledged": 8, "stored": 8, "refused": 2, "refusals": {"too long": 2}},
    ),
    Case(
        "partial success: more are missing than were rejected",
        [row(0, 5), row(5, 5, rejected=2)],
        [0, 1, 2, 3, 4, 5],
        {
            "sent": 10,
            "acknowledged": 8,
            "stored": 6,
            "refused": 2,
            "missing": 2,
            "refusals": {"no reason was given": 2},
        },
        [(6, 9)],
    ),
    Case(
        "partial success: the rejected ones are there",
        [row(0, 5), row(5, 5, rejected=2)],
        [*range(10)],
        {
            "sent": 10,
            "acknowledged": 8,
            "stored": 10,
            "refused": 2,
            "unacknowledged_stored": 2,
            "refusals": {"no reason was given": 2},
        },
    ),
    Case(
        "partial success of nonsense: more rejected than sent",
        [row(0, 5), row(5, 5, rejected=99)],
        [*range(5)],
        {
            "sent": 10,
            "acknowledged": 5,
            "stored": 5,
            "refused": 5,
            "refusals": {"no reason was given": 5},
        },
    ),
    Case(
        "an interrupted run: the second request was never made",
        [row(0, 5)],
        [*range(5)],
        {"sent": 5, "acknowledged": 5, "stored": 5},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_case(case: Case) -> None:
    shelf = Shelf(COURSE, case.rows)
    shelf.take(0, Found(case.found))
    accounts = reconcile("logs", [shelf], RECORD)
    expected = dict.fromkeys(COUNTS, 0) | {"planned": 10, "refusals": {}} | case.expected
    assert {name: getattr(accounts, name) for name in expected} == expected
    assert [(gap.first, gap.last) for gap in accounts.gaps] == case.gaps
    assert accounts.sent == accounts.acknowledged + accounts.refused + accounts.given_up
    assert accounts.acknowledged - accounts.missing + accounts.unacknowledged_stored == accounts.stored


def test_a_window_that_is_read_again_counts_no_copy_twice() -> None:
    shelf = Shelf(COURSE, ALL)
    assert shelf.take(0, Found([0, 1, 1], astray=[1])) == 2
    assert shelf.take(0, Found([0, 1, 1, 2], astray=[1])) == 1
    assert (shelf.duplicates, shelf.astray) == (1, 1)
    assert shelf.take(0, Found([0, 1, 2])) == 0
    assert (shelf.duplicates, shelf.astray) == (0, 0)


def test_senders_are_added_up_and_told_apart() -> None:
    plan = Plan(spans=0, logs=20, points=0, duration=1, senders=2)
    shelves = [Shelf(course, [row(0, 10)]) for course in plan.courses(RUN, 1.0)]
    shelves[0].take(0, Found([*range(9)]))
    shelves[1].take(0, Found([*range(1, 10)]))
    accounts = reconcile("logs", shelves, RECORD)
    assert (accounts.acknowledged, accounts.stored, accounts.missing) == (20, 18, 2)
    assert [(gap.sender, gap.first, gap.last) for gap in accounts.gaps] == [(0, 9, 9), (1, 0, 0)]
    assert accounts.gaps[0].name == f"log 'run={RUN} sequence=0000000009' of instance {RUN}-0"


def test_only_the_first_gaps_and_reasons_are_kept() -> None:
    plan = Plan(spans=0, logs=1000, points=0, duration=1, senders=1)
    (course,) = plan.courses(RUN, 1.0)
    rows = [row(n, 1, "refused", reason=f"HTTP 400 line {n}") for n in range(500)]
    shelf = Shelf(course, [*rows, row(500, 500)])
    shelf.take(0, Found([*range(500, 1000, 2)]))
    accounts = reconcile("logs", [shelf], RECORD)
    assert accounts.missing == 250
    assert len(accounts.gaps) == 10
    assert len(accounts.refusals) == 21
    assert accounts.refusals["other reasons"] == 480
