"""Rules as a file states them and as a server's rules API shows them, in a form in which they can be compared.

Expressions are left out: servers print them in a form of their own. A reload that succeeds takes a file as a whole.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from heliograph.config._types import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Rules", "as_run", "as_written"]

Rules = Counter[tuple[str, str, frozenset[tuple[str, str]], float, float]]
"""(group, name, labels, `for` in seconds, `keep_firing_for` in seconds) → how many."""


def as_written(texts: Iterable[str]) -> Rules:
    """Return the rules in these rule files."""
    found: Rules = Counter()
    for text in texts:
        for group in (YAML(typ="safe", pure=True).load(text) or {}).get("groups") or []:
            for rule in group["rules"]:
                name = str(rule.get("alert") or rule.get("record"))
                holds, lasts = (seconds(str(rule.get(key) or "0s")) for key in ("for", "keep_firing_for"))
                labels = {str(key): str(value) for key, value in (rule.get("labels") or {}).items()}
                found[group["name"], name, frozenset(labels.items()), holds, lasts] += 1
    return found


def as_run(answer: Mapping[str, Any], files: Iterable[str]) -> Rules:
    """Return what `/api/v1/rules` lists of the files with these names; rules of a user's own are left out."""
    names = {PurePath(file).name for file in files}
    found: Rules = Counter()
    for group in answer["data"]["groups"]:
        if PurePath(group["file"]).name in names:
            for rule in group["rules"]:
                labels = frozenset((rule.get("labels") or {}).items())
                holds, lasts = (float(rule.get(key) or 0.0) for key in ("duration", "keepFiringFor"))
                found[group["name"], rule["name"], labels, holds, lasts] += 1
    return found
