"""What was found against what was sent. Pure: no store, no clock."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from heliograph.ledger._bitmap import Bitmap
from heliograph.ledger._result import Accounts, Gap, Quantiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from heliograph.ledger._file import Record, Row
    from heliograph.ledger._plan import Course, Signal
    from heliograph.ledger._reader import Found

__all__ = ["Shelf", "reconcile"]

_SHOWN: Final = 10
"""Gaps, and duplicates, that are named."""
_REASONS: Final = 20
_OTHER: Final = "other reasons"


class Shelf:
    """What one sender sent of one signal, and what was found of it."""

    def __init__(self, course: Course, rows: Iterable[Row]) -> None:
        self.course = course
        self.rows = sorted(rows, key=lambda row: row.first)
        self.end = max((row.first + row.count for row in self.rows), default=0)
        self.expected = Bitmap(course.count)
        """Those that were acknowledged."""
        self.found = Bitmap(course.count)
        for row in self.rows:
            if row.outcome == "acknowledged":
                self.expected.update(range(row.first, row.first + row.count))
        # A window that is read again replaces what it counted before.
        self._copies: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._astray: dict[int, int] = {}

    @property
    def duplicates(self) -> int:
        """How many copies there are too many."""
        return sum(count for count, _ in self._copies.values())

    @property
    def duplicated(self) -> list[int]:
        """The first numbers that are there more than once."""
        return sorted(number for _, numbers in self._copies.values() for number in numbers)[:_SHOWN]

    @property
    def astray(self) -> int:
        """How many have another time than they were sent with."""
        return sum(self._astray.values())

    def take(self, window: int, found: Found) -> int:
        """Add what the window that begins with this number holds; return how many of them are new."""
        distinct = set(found.numbers)
        fresh = sum(1 for number in distinct if number not in self.found)
        self.found.update(distinct)
        self._copies.pop(window, None)
        self._astray.pop(window, None)
        if excess := len(found.numbers) - len(distinct):
            self._copies[window] = (excess, tuple(_repeated(found.numbers))[:_SHOWN])
        if found.astray:
            self._astray[window] = len(found.astray)
        return fresh

    def lacking(self, first: int, end: int) -> int:
        """Return how many of `first` to `end - 1` were acknowledged and not found yet."""
        return self.found.lacking(self.expected, first, min(end, self.course.count))


def _repeated(numbers: Sequence[int]) -> list[int]:
    return sorted(number for number, times in Counter(numbers).items() if times > 1)


def reconcile(signal: Signal, shelves: Sequence[Shelf], record: Record) -> Accounts:
    """Return the accounts of a signal."""
    sent = acknowledged = refused = given_up = stored = missing = unexpected = 0
    refusals: dict[str, int] = {}
    gaps: list[Gap] = []
    for shelf in shelves:
        for row in shelf.rows:
            end = row.first + row.count
            there = shelf.found.count(row.first, end)
            sent += row.count
            stored += there
            if row.outcome == "acknowledged":
                # Which of an accepted request were rejected is not said: whatever is missing may be among them.
                rejected = min(max(0, row.rejected), row.count)
                absent = max(0, row.count - rejected - there)
                acknowledged += row.count - rejected
                refused += rejected
                missing += absent
                unexpected += max(0, there - (row.count - rejected))
                if absent:
                    first = islice(shelf.found.gaps(row.first, end), _SHOWN)
                    gaps += [_gap(shelf.course, *stretch) for stretch in first]
                unkept = rejected
            else:
                refused += row.count if row.outcome == "refused" else 0
                given_up += row.count if row.outcome == "given up" else 0
                unexpected += there
                unkept = row.count
            if unkept:
                _count(refusals, row.reason or "no reason was given", unkept)
    return Accounts(
        signal=signal,
        planned=sum(shelf.course.count for shelf in shelves),
        sent=sent,
        acknowledged=acknowledged,
        refused=refused,
        given_up=given_up,
        stored=stored,
        missing=missing,
        duplicate=sum(shelf.duplicates for shelf in shelves),
        unacknowledged_stored=unexpected,
        astray=sum(shelf.astray for shelf in shelves),
        refusals=refusals,
        retries=record.retries.get(signal, {}),
        gaps=tuple(_joined(gaps)[:_SHOWN]),
        copies=tuple(_gap(shelf.course, n, n + 1) for shelf in shelves for n in shelf.duplicated)[:_SHOWN],
        visible=Quantiles.of(record.visible.get(signal, [])),
        behind=record.behind.get(signal, 0.0),
    )


def _gap(course: Course, first: int, end: int) -> Gap:
    return Gap(course.sender, first, end - 1, course.name(first))


def _joined(gaps: list[Gap]) -> list[Gap]:
    """Join gaps that touch: a request's end is not the end of what is missing."""
    joined: list[Gap] = []
    for gap in gaps:
        before = joined[-1] if joined else None
        if before is not None and before.sender == gap.sender and before.last + 1 == gap.first:
            joined[-1] = Gap(before.sender, before.first, gap.last, before.name)
        else:
            joined.append(gap)
    return joined


def _count(reasons: dict[str, int], reason: str, count: int) -> None:
    key = reason if reason in reasons or len(reasons) < _REASONS else _OTHER
    reasons[key] = reasons.get(key, 0) + count
