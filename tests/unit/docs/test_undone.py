"""docs/reliability.md: the table of settings and tests says what there is; `python -m tests.undone` runs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.undone._cases import PAGE, ROOT, cases, seen, with_table

if TYPE_CHECKING:
    from tests.undone._cases import Case

CASES = cases()
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def test_the_page_has_todays_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "python -m tests.undone --record NAME"


@by_name
def test_a_setting_stands_where_it_is_looked_for(case: Case) -> None:
    assert (ROOT / case.file).read_text(encoding="utf-8").count(case.find) == 1
    assert case.put != case.find


@by_name
def test_its_test_exists(case: Case) -> None:
    where, _, test = case.test.partition("::")
    name = re.escape(test.partition("[")[0])
    assert re.search(rf"(?m)^def {name}\(", (ROOT / where).read_text(encoding="utf-8"))


def test_what_was_seen_is_about_settings_that_there_are() -> None:
    assert seen().keys() <= {case.name for case in CASES}
    assert all(one["said"] for one in seen().values())
