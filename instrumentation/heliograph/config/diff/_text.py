"""Changes as text for people and as plain data for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heliograph.config.diff._changes import Change

__all__ = ["as_plain", "as_text"]

_HEADINGS = {"alerts": "Alerts", "records": "Records", "routes": "Routes", "boards": "Boards"}
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_ALIKE = 4  # subjects with one and the same change: from here on it is said once
_NAMED = 6
_WIDTH = 100


def as_plain(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return the changes for `--json`, each on its own."""
    return [asdict(change) for change in changes]


def as_text(changes: Sequence[Change], *, everything: bool = False) -> Iterator[str]:
    """Yield lines: by area, what many have in common said once; minor changes as a number unless `everything`."""
    changes = list(dict.fromkeys(changes))  # siblings without a label of their own that change alike
    shown = [change for change in changes if everything or not change.minor]
    for area, heading in _HEADINGS.items():
        here = [change for change in shown if change.area == area]
        minor = [change for change in changes if change.area == area and change.minor and not everything]
        if here or minor:
            yield heading
            yield from _lines(here)
            if minor:
                parts = ", ".join(sorted({change.what for change in minor}))
                subjects = len({change.subject for change in minor})
                yield f"  ~ words and links of {subjects} ({parts}); --all shows them"
    count: Counter[str] = Counter(change.kind for change in changes)
    if changes:
        yield ", ".join(f"{count[kind]} {kind}" for kind in _SIGNS if count[kind]) + "."


def _lines(changes: Sequence[Change]) -> Iterator[str]:
    alike = Counter(_what(change) for change in changes)
    told = set()
    subject = ""
    for change in changes:
        what = _what(change)
        if change.what and alike[what] >= _ALIKE:
            if what not in told:
                told.add(what)
                subjects = [other.subject for other in changes if _what(other) == what]
                yield f"  ~ {len(subjects)} of them: {_values(change)}"
                yield f"      {_listed(subjects)}"
            continue
        if change.subject != subject or change.kind != "changed":
            subject = change.subject
            yield f"  {_SIGNS[change.kind]} {subject}"
        if change.kind == "changed":
            yield f"      {_values(change)}"
        elif change.old or change.new:
            yield f"      {_cut(change.old or change.new)}"


def _what(change: Change) -> tuple[str, str, str, str]:
    return change.kind, change.what, change.old, change.new


def _values(change: Change) -> str:
    note = f"  ({change.note})" if change.note else ""
    if not change.old and not change.new:
        return change.what + note
    if len(change.old) + len(change.new) + len(change.what) > _WIDTH:
        return f"{change.what}\n        was  {_cut(change.old)}\n        now  {_cut(change.new)}{note}"
    return f"{change.what} {change.old or '(nothing)'} → {change.new or '(nothing)'}{note}"


def _cut(text: str) -> str:
    return text if len(text) <= 3 * _WIDTH else text[: 3 * _WIDTH] + " …"


def _listed(subjects: Sequence[str]) -> str:
    more = len(subjects) - _NAMED
    return ", ".join(subjects[:_NAMED]) + (f" and {more} more" if more > 0 else "")
