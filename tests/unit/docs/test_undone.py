"""docs/reliability.md: the table of settings and tests says what there is; `python -m tests.undone` runs it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.undone.__main__ import _groups, _verdict
from tests.undone._cases import PAGE, ROOT, Case, cases, seen, with_table
from tests.undone._run import Said, Tree

if TYPE_CHECKING:
    from pathlib import Path

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


# What pytest's summary says → what is made of it, of `tests/a.py::test_it`.
SUMMARIES = {
    "it passed": ("PASSED tests/a.py::test_it\n", Said("passed")),
    "it failed": ("FAILED tests/a.py::test_it - AssertionError: 1 is   2\n", Said("failed", "1 is 2")),
    "it failed and said nothing": ("FAILED tests/a.py::test_it\n", Said("failed", "(no words)")),
    "one parameter failed": (
        "PASSED tests/a.py::test_it[a]\nPASSED tests/a.py::test_it[c]\nFAILED tests/a.py::test_it[b] - no\n",
        Said("failed", "no"),
    ),
    "all parameters passed": ("PASSED tests/a.py::test_it[a]\nPASSED tests/a.py::test_it[b]\n", Said("passed")),
    "its stack did not come up": ("ERROR tests/a.py::test_it - no port\n", Said("not run", "no port")),
    "one parameter could not be run": (
        "PASSED tests/a.py::test_it[a]\nERROR tests/a.py::test_it[b] - no port\n",
        Said("not run", "no port"),
    ),
    "another one failed": ("FAILED tests/a.py::test_it_too - no\n", Said("not run")),
    "pytest was ended": ("", Said("not run")),
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Make one that is not copied."""
    monkeypatch.setattr(Tree, "__init__", lambda self, folder: setattr(self, "folder", folder))
    return Tree(tmp_path)


@pytest.mark.parametrize(("summary", "said"), SUMMARIES.values(), ids=SUMMARIES)
def test_what_became_of_a_test(tree: Tree, monkeypatch: pytest.MonkeyPatch, summary: str, said: Said) -> None:
    monkeypatch.setattr(Tree, "_pytest", lambda _, __: "..F [100%]\n= short test summary info =\n" + summary)
    assert tree.run(["tests/a.py::test_it"]) == {"tests/a.py::test_it": said}


ONE = Case("one", "load", "a setting", "some.yaml", "fsync: true", "fsync: false", "tests/a.py::test_it")


def test_a_setting_is_undone_for_a_while(tree: Tree) -> None:
    file = tree.folder / "some.yaml"
    file.write_text("fsync: true\nsize: 3\n", encoding="utf-8")
    two = replace(ONE, name="two", find="size: 3", put="size: 0")
    with tree.without([ONE, two]):
        assert file.read_text(encoding="utf-8") == "fsync: false\nsize: 0\n"
    assert file.read_text(encoding="utf-8") == "fsync: true\nsize: 3\n"


@pytest.mark.parametrize(
    ("before", "after", "good"),
    [
        (Said("passed"), Said("failed"), True),
        (None, Said("failed"), True),
        (Said("passed"), Said("passed"), False),
        (Said("passed"), Said("not run"), False),
        (Said("failed"), Said("failed"), False),
        (Said("not run"), Said("failed"), False),
    ],
)
def test_only_a_test_that_passes_and_then_fails_shows_anything(before: Said | None, after: Said, good: bool) -> None:
    assert _verdict(before, after)[1] is good


@pytest.mark.parametrize(
    ("other", "together"),
    [
        ({"test": "tests/a.py::test_other", "find": "size"}, True),
        ({"test": "tests/b.py::test_other", "find": "size"}, False),
        ({"find": "size"}, False),
        ({"test": "tests/a.py::test_other"}, False),
        ({"test": "tests/a.py::test_other", "find": "size", "alone": True}, False),
        ({"test": "tests/a.py::test_other", "find": "size", "apart_from": "one"}, False),
    ],
    ids=["another test and line", "another file of tests", "one test", "one line", "disturbs all", "would be hidden"],
)
def test_what_may_be_undone_at_once(other: dict[str, Any], together: bool) -> None:
    two = replace(ONE, name="two", **other)
    assert len(_groups([ONE, two])) == len(_groups([two, ONE])) == (1 if together else 2)
