"""What OTLP can carry: texts in UTF-8, integers of 64 bits.

The exporters leave out an attribute that is neither, with a traceback in the application's log each time, and give up
the whole batch where it is a name or the body of a log record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from heliograph.genai._text import sayable

__all__ = ["carried", "fits"]

_BITS: Final = 63
_SHOWN: Final = 1024
"""Bits of an integer that is shown in digits: of larger ones nobody reads them, and Python refuses to write them."""


def fits(number: int) -> bool:
    """Whether it is an integer of 64 bits with its sign (the one number more at the lower end is left to no one)."""
    return number.bit_length() <= _BITS


def carried(value: Any) -> Any:  # noqa: ANN401 - an attribute's value, or a log's body
    """Give the value as it can be sent; the same object where nothing changed."""
    if isinstance(value, str):
        return sayable(value)
    if isinstance(value, int):
        if fits(value):
            return value
        return str(value) if value.bit_length() <= _SHOWN else f"[an integer of {value.bit_length()} bits]"
    if isinstance(value, Mapping):
        made: Any = {carried(name): carried(each) for name, each in value.items()}
    elif isinstance(value, (list, tuple)):
        items = [carried(each) for each in value]
        made = tuple(items) if isinstance(value, tuple) else items
    else:
        return value
    return value if made == value else made
