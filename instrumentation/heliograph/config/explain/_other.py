"""Another value than the one in force, of the right kind: to see what changes with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["others"]

# One of these fits where text must have a form of its own: address, host and port, mail, phone, zone, duration.
_TEXTS = (
    *("7m", "http://other.example", "other.example:1025", "other@example.com", "+491701234999", "Europe/Berlin"),
    *("other", "00:30", "monday"),
)
_NUMBERS = (7, 70, 700)


def others(node: Mapping[str, Any], value: object) -> Iterator[Any]:
    """Yield values that differ from `value`, the most alike first; the caller tries which of them the model takes."""
    if isinstance(value, bool):
        yield not value
    elif "enum" in node:
        yield from (choice for choice in node["enum"] if choice != value and choice is not None)
    elif isinstance(value, int | float):
        # Not by a round factor: 10 → 20 might look like another number of the same expression.
        yield from (value + 1, value * 0.9, value - 1, value * 1.1)
    elif isinstance(value, list) and value:
        yield from (value[:-1], [*value[:-1], *_first(node.get("items", {}))])
        if isinstance(value[0], dict):
            yield [{**value[0], name: other} for name in value[0] for other in others({}, value[0][name])][:1]
    else:
        if isinstance(value, str):
            # 15d → 16d for what has a number, a longer word for what has none; the model says which of them it takes.
            if value[:1].isdigit():
                yield re.sub(r"^[0-9]+", lambda digits: str(int(digits[0]) + 1), value)
            yield f"{value}x"
        yield from (sample for sample in _samples(node) if sample != value)


def _samples(node: Mapping[str, Any]) -> Iterator[Any]:
    """Yield values that the schema's node may describe."""
    kinds = node.get("type", "string")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind in {"number", "integer"} and "pattern" not in node:
            yield from _NUMBERS
        elif kind == "string":
            yield from node.get("enum", _TEXTS)
        elif kind == "boolean":
            yield from (True, False)
        elif kind == "array":
            yield from ([item] for item in _samples(node.get("items", {})))
        elif kind == "object":
            yield _mapping(node)


def _mapping(node: Mapping[str, Any]) -> dict[str, Any]:
    names = node.get("required") or node.get("propertyNames", {}).get("enum", [])[:1]
    if "properties" not in node:
        return dict.fromkeys(names or ["other"], "other")
    return {name: next(_samples(node["properties"].get(name, {}))) for name in names}


def _first(node: Mapping[str, Any]) -> list[Any]:
    return [sample for sample in (next(_samples(node), None),) if sample is not None]
