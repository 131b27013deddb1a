"""Headings: before the first line below them, and again where other lines came between."""

from __future__ import annotations

from typing import Any

from heliograph.run._tree import Tree

TRACE = "abcd" * 8


def message(*path: tuple[str, str], above: str | None = None, **more: Any) -> dict[str, Any]:
    return {"e": "llm.call", "path": path, "above": above, **more}


def headings(tree: Tree, said: dict[str, Any]) -> list[str]:
    tree.learn(said)
    found = tree.headings(tree.path(said), TRACE)
    return [f"{depth} {name}{' ...' if again else ''}" for depth, name, again in found]


def test_a_heading_is_printed_once_for_the_lines_below_it_and_again_after_others() -> None:
    tree = Tree()
    in_chain = message(("q1", "query a"), ("c1", "chain r"))
    in_query = message(("q1", "query a"))
    elsewhere = message(("q2", "query b"))
    assert headings(tree, in_chain) == ["0 query a [abcd]", "1 chain r"]
    assert headings(tree, in_chain) == []
    assert headings(tree, in_query) == []
    assert headings(tree, elsewhere) == ["0 query b [abcd]"]
    assert headings(tree, in_chain) == ["0 query a [abcd] ...", "1 chain r ..."]
    assert headings(tree, message()) == []


def test_another_processs_call_is_below_what_its_parent_told_of() -> None:
    tree = Tree()
    tree.learn({"e": "open", "id": "q1", "name": "query a", "path": [], "above": None})
    tree.learn({"e": "open", "id": "c1", "name": "chain r", "path": [("q1", "query a")], "above": None})
    assert [name for _, name in tree.path(message(("x", "task"), above="c1"))] == ["query a", "chain r", "task"]
    assert tree.path(message(above="nobody-knows")) == []


def test_spans_that_name_each_other_as_parents_end() -> None:
    tree = Tree()
    tree.learn({"e": "open", "id": "a", "name": "a", "path": [], "above": "b"})
    tree.learn({"e": "open", "id": "b", "name": "b", "path": [], "above": "a"})
    assert len(tree.path(message(above="a"))) <= 32
