"""The table in docs/overhead.md: between two markers, written by the command that measured it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["PAGE", "replaced"]

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "overhead.md"
_BEGIN: Final = "<!-- measured: python -m benchmarks.overhead --write -->\n"
_END: Final = "<!-- end of what was measured -->\n"


def replaced(page: str, measured: str) -> str:
    """Return the page with what was measured between its markers; raises ValueError where there are none."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks the line {_BEGIN.strip()!r} or {_END.strip()!r}")
    return f"{before}{_BEGIN}\n{measured.strip()}\n\n{_END}{after}"
