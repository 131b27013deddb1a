"""Single values from attributes: whatever came over the wire, or nothing. No function raises."""

from __future__ import annotations

import ast
import contextlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai import vocabulary as v

__all__ = ["count", "dictionary", "first", "flag", "number", "text", "texts"]

MOST_TOKENS: Final = 10**12
"""More tokens than this in one call is nonsense, and near 2**63 one such value would spoil a counter for good."""

_LONGEST_NUMBER: Final = 20
_LONGEST_JSON: Final = 65_536
_LONGEST_PYTHON: Final = 4_000
_WHOLE: Final = re.compile(r"\d{1,15}(?:\.0+)?\Z")


def first(attributes: Mapping[str, Any], spec: v.AttributeSpec) -> Any:  # noqa: ANN401 - attribute values vary
    """Find the thing under the first of its spellings that has a value."""
    for name in spec.names:
        value = attributes.get(name)
        if value is not None and value != "":
            return value
    return None


def count(value: Any) -> int | None:  # noqa: ANN401
    """Read a number of tokens. Strings of digits count: Java and Node exporters, and gateways, send some."""
    if value.__class__ is int and 0 <= value <= MOST_TOKENS:
        return value
    if isinstance(value, str):
        stripped = value.strip()
        if not _WHOLE.match(stripped) or len(stripped) > _LONGEST_NUMBER:
            return None
        value = int(stripped.partition(".")[0])
    found = number(value)
    return None if found is None or found > MOST_TOKENS else int(found)


def number(value: Any) -> float | None:  # noqa: ANN401
    """Pass a finite number that is not negative, else None: a NaN would spoil a counter for good."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        return None
    return value


def flag(value: Any) -> bool:  # noqa: ANN401
    """Read a truth. LiteLLM writes str(bool)."""
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes"}
    return bool(value)


def text(value: Any) -> str | None:  # noqa: ANN401
    """Give the value as text; None where there is none."""
    return None if value is None or value == "" else str(value)


def texts(value: str) -> list[str]:
    """Read a list from JSON; what is none is its own only element."""
    if len(value) <= _LONGEST_JSON:
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(value)
            if isinstance(found, list):
                return [each for each in found if isinstance(each, str)]
    return [value]


def dictionary(value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Read a dictionary from JSON or from Python's own notation (LangSmith writes `str(dict)`); {} where it is none."""
    if not isinstance(value, str):
        return {}
    for parse, longest in ((json.loads, _LONGEST_JSON), (ast.literal_eval, _LONGEST_PYTHON)):
        if len(value) <= longest:
            with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
                found = parse(value)
                return found if isinstance(found, dict) else {}
    return {}
