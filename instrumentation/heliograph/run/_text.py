"""Text from the program, made fit for a terminal; numbers, as a person reads them; colours, if there is a terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

__all__ = ["PLAIN", "Paint", "clean", "cut", "duration", "paint_for", "usd", "width_of"]

_LONGEST: Final = 400
_CODES: Final = {"dim": "2", "bold": "1", "red": "31", "yellow": "33", "green": "32", "cyan": "36"}
WIDTH: Final = 100
"""Columns where there is no terminal: then no line is cut, and this only sets the columns apart."""


def clean(text: str) -> str:
    """Keep what prints, on one line: names come from the program, and may hold anything, escape sequences too."""
    return "".join(each if each.isprintable() else "?" for each in text[:_LONGEST])


def cut(text: str, width: int) -> str:
    """Shorten to `width` columns, with dots where something is missing."""
    return text if len(text) <= width else text[: max(width - 2, 0)] + ".."[: max(width, 0)]


def duration(seconds: float) -> str:
    """57 ms, 1.20 s, 3 min 20 s."""
    if seconds < 0.9995:  # noqa: PLR2004
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.995:  # noqa: PLR2004
        return f"{seconds:.2f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def usd(amount: float | None, *, unpriced: bool = False) -> str:
    """Six decimals: a call of a small model costs some millionths. Never 0 for what is not known."""
    if amount is None:
        return "no price" if unpriced else "cost unknown"
    return "<0.000001 USD" if 0 < amount < 5e-7 else f"{amount:.6f} USD"  # noqa: PLR2004


class Paint:
    """Colours by name, or none."""

    def __init__(self, *, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, *colours: str) -> str:
        """Return the text in the colours; as it is where colours are off."""
        if not self.on or not text or not colours:
            return text
        return f"\x1b[{';'.join(_CODES[each] for each in colours)}m{text}\x1b[0m"


PLAIN: Final = Paint(on=False)


def paint_for(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Paint:
    """Colours on a terminal that has them, unless NO_COLOR is set (https://no-color.org)."""
    on = stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Paint(on=on)


def width_of(stream: TextIO) -> int | None:
    """Columns of the terminal now; None where there is none."""
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, 10) if stream.isatty() else None
    except (OSError, ValueError):
        return None
