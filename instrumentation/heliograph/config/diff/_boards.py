"""Boards: which came or went, and which of their panels changed in what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from heliograph.config.diff._changes import Change, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["compare_boards"]

_MINOR = frozenset({"description", "gridPos", "id", "links", "transparent"})
_OF_BOARDS = frozenset({"panels", "title", "uid", "version", "id"})


def compare_boards(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> Iterator[Change]:
    """Yield what differs between two sets of boards, each by the name of its file."""
    for file in dict.fromkeys((*old, *new)):
        before, after = old.get(file), new.get(file)
        if before is None or after is None:
            board = before or after or {}
            yield Change("boards", "added" if before is None else "removed", str(board.get("title", file)))
        elif before != after:
            yield from _board(before, after)


def _board(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    title = str(old["title"])
    yield from field("boards", title, "title", (old["title"], new["title"]))
    for key in sorted({*old, *new} - _OF_BOARDS):
        if old.get(key) != new.get(key):
            yield from _values(title, key, old.get(key), new.get(key), minor=key in _MINOR)
    before, after = _panels(old), _panels(new)
    for name in dict.fromkeys((*before, *after)):
        subject = f"{title}: {name}"
        if name not in before or name not in after:
            yield Change("boards", "added" if name not in before else "removed", subject)
        elif before[name] != after[name]:
            yield from _panel(subject, before[name], after[name])


def _panel(subject: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    steps = [_steps(panel) for panel in (old, new)]
    yield from field("boards", subject, "thresholds", (steps[0], steps[1]))
    queries = [[str(t.get("expr") or t.get("query") or "") for t in panel.get("targets") or []] for panel in (old, new)]
    if queries[0] != queries[1]:
        yield from _values(subject, "queries", queries[0], queries[1])
    rest = [_without(panel) for panel in (old, new)]
    for key in sorted({*rest[0], *rest[1]}):
        if rest[0].get(key) != rest[1].get(key):
            yield from _values(subject, key, rest[0].get(key), rest[1].get(key), minor=key in _MINOR)


def _values(subject: str, what: str, old: object, new: object, *, minor: bool = False) -> Iterator[Change]:
    """Yield a change with its values where they are short; nobody reads half a board in a report."""
    said = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in (old, new)]
    if max(len(text) for text in said) > _READABLE:
        said = ["", ""]
    yield Change("boards", "changed", subject, what, said[0], said[1], minor=minor)


_READABLE = 120


def _panels(board: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return panels by title; a title that is there twice is numbered. Rows that hold panels are looked into."""
    found: dict[str, Mapping[str, Any]] = {}

    def walk(panels: list[Mapping[str, Any]]) -> None:
        for panel in panels:
            title, count = str(panel.get("title") or panel.get("type")), 2
            name = title
            while name in found:
                name, count = f"{title} #{count}", count + 1
            found[name] = {key: value for key, value in panel.items() if key != "panels"}
            walk(panel.get("panels") or [])

    walk(board.get("panels") or [])
    return found


def _steps(panel: Mapping[str, Any]) -> str:
    steps = ((panel.get("fieldConfig") or {}).get("defaults") or {}).get("thresholds", {}).get("steps") or []
    return ", ".join("base" if step.get("value") is None else f"{step['value']:g}" for step in steps)


def _without(panel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the panel without what was compared by itself, and with fields by their own names."""
    rest = {key: value for key, value in panel.items() if key not in {"targets", "fieldConfig"}}
    config = panel.get("fieldConfig") or {}
    defaults = {key: value for key, value in (config.get("defaults") or {}).items() if key != "thresholds"}
    targets = [
        {key: value for key, value in target.items() if key not in {"expr", "query"}}
        for target in panel.get("targets") or []
    ]
    return rest | defaults | {"overrides": config.get("overrides"), "query options": targets}
