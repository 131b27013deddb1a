"""Two versions of an expression: which of its numbers changed, when only numbers did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["differences"]

# Strings first: a number within one is part of a name. Then what may be a threshold, a window, a number.
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|`[^`]*`'
    r"|\[[^\]]+\]"  # a window, or a subquery's window and step
    r"|[a-zA-Z_:][\w:]*(?:[0-9]+[smhdwy])?"  # names, with the window at the end of a record's
    r"|(?:[0-9]+(?:ms|[smhdwy]))+|[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
    r"|[<>=!]=?~?|\S"
)
_NUMBER = re.compile(r"[0-9]")
_BEHIND = {">": "threshold", "<": "threshold", ">=": "minimum"}


def differences(old: str, new: str) -> Iterator[tuple[str, str, str]]:
    """Yield (what, old, new) for each difference; the whole expression when more than numbers differ.

    `what` is `threshold` behind `>` or `<` and `minimum` behind `>=` (so the rules here are written: value > threshold
    and count >= minimum), `window` in brackets and in a record's name, else `number`.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    found: dict[tuple[str, str, str], None] = {}
    if len(before) != len(after):
        yield "expression", _line(old), _line(new)
        return
    for index, (a, b) in enumerate(zip(before, after, strict=True)):
        if a == b:
            continue
        if a[0] == b[0] == "[":
            found["window", a[1:-1], b[1:-1]] = None
        elif (window := _windows_of(a, b)) is not None:
            found["window", *window] = None
        elif _NUMBER.match(a) and _NUMBER.match(b):
            found[_BEHIND.get(before[index - 1] if index else "", "number"), a, b] = None
        else:
            yield "expression", _line(old), _line(new)
            return
    yield from found


def _windows_of(a: str, b: str) -> tuple[str, str] | None:
    """Return both windows when two records differ in the window of their names only."""
    first, second = (re.fullmatch(r"([a-zA-Z_:][\w:]*?)([0-9]+[smhdwy])", name) for name in (a, b))
    return (first[2], second[2]) if first and second and first[1] == second[1] else None


def _line(expression: str) -> str:
    return " ".join(expression.split())
