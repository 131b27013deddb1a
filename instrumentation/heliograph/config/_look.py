"""Look into plain data that may be of any shape: checks keep silent about parts that they cannot read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from heliograph.config._types import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["entries", "get", "items", "length", "number"]


def get(data: object, *key: str | int) -> object:
    """Return the value at `key`; None where there is none."""
    for part in key:
        if not isinstance(data, Mapping):
            return None
        data = data.get(part)
    return data


def entries(data: object, *key: str | int) -> Iterator[tuple[str, object]]:
    """Yield the names and values of the mapping at `key`."""
    mapping = get(data, *key)
    if isinstance(mapping, Mapping):
        yield from mapping.items()


def items(data: object, *key: str | int) -> Sequence[object]:
    """Return the list at `key`; empty where there is none."""
    found = get(data, *key)
    return found if isinstance(found, list) else []


def number(value: object) -> float | None:
    """Return a number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def length(value: object) -> float | None:
    """Return the seconds of a duration, None for anything else."""
    try:
        return seconds(value) if isinstance(value, str) else None
    except ValueError:
        return None
