"""What becomes of one value that is content: redacted, its media named instead of shown, and cut to size.

JSON stays JSON: the texts within are what is redacted and cut. A cut text ends in "… [12 345 characters]".
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from heliograph.guard._kinds import is_secret_name
from heliograph.guard._patterns import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from heliograph.guard._redact import Redactor

__all__ = ["UNREADABLE", "Cleaner", "cut", "parameters"]

UNREADABLE: Final = "[not captured: redaction failed]"

_SLACK: Final = 8192
_EDGE: Final = 512
_MOST_NESTED_JSON: Final = 3
_SHORTER: Final = (2000, 500)
"""Characters that texts are cut to where an attribute holds too many of them."""
_DEEPEST: Final = 100
_VECTOR: Final = 16
_LONGEST_NAME: Final = 256
_MEDIA: Final = re.compile(
    r"data:([\w.+-]{1,64}/[\w.+-]{1,64})?(?:;[\w=.+-]{1,64}){0,4};base64,([A-Za-z0-9+/=_-]*)", re.ASCII
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{512,}={0,2}\s*", re.ASCII)
_MEDIA_TYPES: Final = ("mime_type", "mimeType", "media_type", "mediaType", "format", "modality", "type")
_PLAIN_TEXT: Final = 64


def cut(text: str, longest: int) -> str:
    """Shorten to `longest` characters, the note that says so included."""
    if len(text) <= longest:
        return text
    note = f"… [{_spaced(len(text))} characters]"
    return text[: longest - len(note)] + note if longest > len(note) else text[:longest]


def parameters(text: str) -> str | None:
    """Of a request's parameters as JSON, keep the plain ones; None where there is nothing to keep."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    kept = {
        name: value
        for name, value in found.items()
        if not is_secret_name(name)
        and (value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)))
    }
    for name in ("model", "tool_choice", "service_tier", "reasoning_effort", "encoding_format"):
        if isinstance(found.get(name), str) and len(found[name]) <= _PLAIN_TEXT:
            kept[name] = found[name]
    return json.dumps(kept)


@dataclass(frozen=True)
class Cleaner:
    """Cleans content. `longest`: characters of one text; `largest`: characters of all that one attribute holds."""

    redactor: Redactor
    longest: int
    largest: int

    def value(self, value: Any) -> Any:  # noqa: ANN401 - an attribute's value, or a log's body
        """Clean an attribute's value or a log's body; what is returned is the same object where nothing changed."""
        if isinstance(value, str):
            return self.string(value)
        if value is None or isinstance(value, (bool, int, float)):
            return self._number(value)
        if isinstance(value, (bytes, bytearray)):
            return f"[{_spaced(len(value))} bytes]"
        if isinstance(value, (list, tuple)) and value and all(isinstance(each, (int, float)) for each in value):
            return value if len(value) <= _VECTOR else f"[{_spaced(len(value))} numbers]"
        with contextlib.suppress(RecursionError, TypeError, ValueError):
            walked = self._walk(value, self.longest, 0, 0)
            for longest in (self.longest, *_SHORTER):
                walked = _shortened(walked, longest)
                if _size(walked) <= self.largest:
                    return value if walked == value else walked
        return f"[{_spaced(_size(value))} characters]"

    def string(self, text: str) -> str:
        """Clean a text, which may be JSON."""
        return self._json(text, self.longest, self.largest, 0) or self._text(text, self.longest)

    def _json(self, text: str, longest: int, largest: int, nested: int) -> str | None:
        """Clean what is an object or array of JSON; None where it is not."""
        if nested > _MOST_NESTED_JSON or not _looks_like_json(text):
            return None
        try:
            found = json.loads(text, parse_constant=str)
        except (ValueError, RecursionError):
            return None
        with contextlib.suppress(RecursionError):
            if len(text) > 2 * largest:  # what will not fit need not be redacted
                found = _newest(found, 2 * largest, _weight)
            walked = self._walk(found, longest, 0, nested)
            if walked == found and len(text) <= largest:
                return text
            said = _dumps(walked)
            for shorter in _SHORTER:
                if len(said) <= largest:
                    break
                walked = _shortened(walked, shorter)
                said = _dumps(walked)
            return said if len(said) <= largest else _dumps(_newest(walked, largest))
        return None

    def _walk(self, value: Any, longest: int, depth: int, nested: int, kind: str = "") -> Any:  # noqa: ANN401
        if isinstance(value, str):
            if len(value) >= _EDGE and _BASE64.fullmatch(value):
                return _media(kind, value)
            return self._json(value, longest, self.largest, nested + 1) or self._text(value, longest)
        if depth > _DEEPEST:
            raise RecursionError
        if isinstance(value, dict):
            return self._object(value, longest, depth, nested, kind)
        if isinstance(value, (list, tuple)):
            if len(value) > _VECTOR and all(isinstance(each, (int, float)) for each in value):
                return f"[{_spaced(len(value))} numbers]"
            items = [self._walk(each, longest, depth + 1, nested, kind) for each in value]
            return tuple(items) if isinstance(value, tuple) else items
        if isinstance(value, (bytes, bytearray)):
            value = f"[{kind or 'data'}, {_spaced(len(value))} bytes]"
        return self._number(value)

    def _object(self, value: dict[Any, Any], longest: int, depth: int, nested: int, kind: str) -> dict[Any, Any]:
        kind = next((str(value[name]) for name in _MEDIA_TYPES if isinstance(value.get(name), str)), kind)
        walked: dict[Any, Any] = {}
        for name, inner in value.items():
            said = cut(self.redactor.known(name[:_EDGE]), _LONGEST_NAME) if isinstance(name, str) else name
            if isinstance(inner, str) and isinstance(name, str) and inner and is_secret_name(name):
                walked[said] = SECRET
            else:
                walked[said] = self._walk(inner, longest, depth + 1, nested, kind)
        return walked

    def _number(self, value: Any) -> Any:  # noqa: ANN401
        """Redact a number that is a card's, say: JSON does not ask for quotes around one."""
        if type(value) is not int or abs(value) < 10**8:
            return value
        if abs(value) > 10**40:
            return "[number]"
        said = self.redactor.known(str(value))
        return value if said == str(value) else said

    def _text(self, text: str, longest: int) -> str:
        """Redact, then cut. What is far behind the cut is not looked at."""
        if len(text) >= _EDGE and _BASE64.fullmatch(text):
            return _media("", text)
        whole = len(text)
        if "base64," in text:
            text = _MEDIA.sub(lambda found: _media(found[1] or "", found[2]), text)
        shortened = len(text) > longest + _SLACK
        if shortened:
            text = text[: longest + _SLACK]
        clean = self.redactor.text(text)
        if clean is None:
            return cut(UNREADABLE, longest)
        if shortened:
            # The end may hold the beginning of something that could not be recognised.
            note = f"… [{_spaced(whole)} characters]"
            return clean[:-_EDGE][: max(longest - len(note), 0)] + note[:longest]
        return cut(clean, longest)


def _looks_like_json(text: str) -> bool:
    start, end = text[:32].lstrip()[:1], text[-32:].rstrip()[-1:]
    return (start == "{" and end == "}") or (start == "[" and end == "]")


def _dumps(value: Any) -> str:  # noqa: ANN401
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        said.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: OTLP's text cannot hold it, JSON's escapes can
        return json.dumps(value, separators=(",", ":"))
    return said


def _shortened(value: Any, longest: int) -> Any:  # noqa: ANN401
    """Cut texts that are clean already."""
    if isinstance(value, str):
        return cut(value, longest)
    if isinstance(value, dict):
        return {name: _shortened(inner, longest) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_shortened(each, longest) for each in value)
    return value


def _newest(value: Any, largest: int, size: Callable[[Any], int] | None = None) -> Any:  # noqa: ANN401
    """Of a list that is too long, keep its end: the newest messages."""
    if isinstance(value, list):
        kept: list[Any] = []
        room = largest - 64
        for item in reversed(value):
            room -= 1 + (len(_dumps(item)) if size is None else size(item))
            if room < 0:
                break
            kept.append(item)
        if len(kept) == len(value):
            return value
        if kept:
            return [f"[{_spaced(len(value) - len(kept))} items before]", *reversed(kept)]
    if size is not None:
        return value
    return [f"[{_spaced(len(_dumps(value)))} characters]"]


def _size(value: Any) -> int:  # noqa: ANN401
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(str(name)) + _size(inner) + 4 for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return sum(_size(each) + 2 for each in value)
    return 8


def _weight(value: Any) -> int:  # noqa: ANN401
    """Give the size that will be left of what is not clean yet: of media, a note."""
    if isinstance(value, str):
        return 64 if value.startswith("data:") or _BASE64.fullmatch(value) else len(value)
    if isinstance(value, dict):
        return sum(len(str(name)) + _weight(inner) + 4 for name, inner in value.items())
    if isinstance(value, list):
        return sum(_weight(each) + 2 for each in value)
    return 8


def _media(kind: str, base64: str) -> str:
    size = max(len(base64.strip().rstrip("=")) * 3 // 4, 0)
    return f"[{kind if 0 < len(kind) <= 64 else 'base64'}, {_spaced(size)} bytes]"  # noqa: PLR2004


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")
