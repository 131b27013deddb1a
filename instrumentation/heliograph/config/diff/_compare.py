"""Two sets of generated files."""

from __future__ import annotations

import difflib
import json
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from heliograph.config.diff._boards import compare_boards
from heliograph.config.diff._routing import compare_hearers, compare_routing
from heliograph.config.diff._rules import compare_rules, rules_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heliograph.config.diff._changes import Change

__all__ = ["compare", "unified"]


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    """Return what differs between two sets of generated files (path → text), as it matters to an operator.

    Paths are those of the repository or of a running stack's folder; files that are not generated are not looked at.
    """
    before, after = _parsed(old, new), _parsed(new, old)
    old_rules, new_rules = rules_in(before["rules"]), rules_in(after["rules"])
    old_routing, new_routing = (
        {k: v for c in side["routing"].values() for k, v in c.items()} for side in (before, after)
    )
    return [
        *compare_rules(old_rules, new_rules),
        *compare_hearers(old_routing, new_routing, old_rules, new_rules),
        *compare_routing(old_routing, new_routing),
        *compare_boards(before["boards"], after["boards"]),
    ]


def unified(old: Mapping[str, str], new: Mapping[str, str], *, context: int = 3) -> Iterator[str]:
    """Yield the lines of a unified diff of the generated files."""
    for path in sorted({*old, *new}):
        if _kind(path) and old.get(path) != new.get(path):
            (a, before), (b, after) = (
                (path if path in side else "/dev/null", side.get(path, "").splitlines()) for side in (old, new)
            )
            yield from difflib.unified_diff(before, after, a, b, n=context, lineterm="")


def _kind(path: str) -> str:
    parts = PurePosixPath(path).parts
    if "generated" not in parts and "rules" not in parts:
        return ""
    return {"prometheus": "rules", "loki": "rules", "alertmanager": "routing", "dashboards": "boards"}.get(parts[0], "")


def _parsed(files: Mapping[str, str], other: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return kind → name → content. Files that are the same on both sides are parsed only where routes need them."""
    found: dict[str, dict[str, Any]] = {"rules": {}, "routing": {}, "boards": {}}
    relevant = any(files.get(p) != other.get(p) for p in {*files, *other} if _kind(p) in {"rules", "routing"})
    for path, text in files.items():
        kind = _kind(path)
        if kind == "boards" and text != other.get(path):
            found[kind][PurePosixPath(path).name] = json.loads(text)
        elif kind in {"rules", "routing"} and relevant:
            name = f"{PurePosixPath(path).parts[0]}/{PurePosixPath(path).name}"
            found[kind][name] = _content(text)
    return found


@lru_cache(maxsize=8)
def _content(text: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Parse a file; one that is the same on both sides once. Nobody changes what is returned."""
    return YAML(typ="safe").load(text)
