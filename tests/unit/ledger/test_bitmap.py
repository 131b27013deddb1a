"""A set of numbers: against Python's own."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.ledger._bitmap import Bitmap

SIZE = 70
numbers = st.sets(st.integers(0, SIZE - 1))
ends = st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(sorted)


def _bitmap(members: set[int]) -> Bitmap:
    bitmap = Bitmap(SIZE)
    bitmap.update(members)
    return bitmap


@given(numbers, ends)
def test_it_counts_as_a_set_does(members: set[int], stretch: list[int]) -> None:
    first, end = stretch
    assert _bitmap(members).count(first, end) == len(members & set(range(first, end)))


@given(numbers, numbers, ends)
def test_it_lacks_what_is_only_in_the_other(members: set[int], others: set[int], stretch: list[int]) -> None:
    first, end = stretch
    expected = len((others - members) & set(range(first, end)))
    assert _bitmap(members).lacking(_bitmap(others), first, end) == expected


@given(numbers, ends)
def test_its_gaps_are_whole_and_apart(members: set[int], stretch: list[int]) -> None:
    first, end = stretch
    gaps = list(_bitmap(members).gaps(first, end))
    assert [n for a, b in gaps for n in range(a, b)] == sorted(set(range(first, end)) - members)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(gaps)), "neighbours are one gap"


@pytest.mark.parametrize("number", [-1, SIZE])
def test_what_is_outside_is_refused_and_not_in(number: int) -> None:
    bitmap = Bitmap(SIZE)
    with pytest.raises(IndexError):
        bitmap.update([number])
    assert number not in bitmap
