"""Bounds on texts that users and providers hand in."""

from __future__ import annotations

from typing import Final

__all__ = ["sayable", "short"]

_LONGEST: Final = 256


def short(value: object) -> str | None:
    """Give the value as text of at most 256 characters; None stays None. Never raises."""
    if value is None:
        return None
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:  # noqa: BLE001 - a broken __str__ must not break the application
        return "?"
    return sayable(text[:_LONGEST])


def sayable(text: str) -> str:
    """Give the text as UTF-8 can carry it: each half of a character becomes U+FFFD.

    JSON can say half of one (an escaped `ud83d`, where a text was cut within an emoji), and so can file names.
    Protobuf cannot: a batch of spans with one in a name was refused as a whole.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
