"""The comments of heliograph.yaml: the only home of the words that say what a key means.

A comment belongs to the key below it or beside it. Lines of the form `#   word   meaning` in the comment of a section
explain that key wherever it stands within the section. Rules and headings (`# ----`, `# -- Money --`) end a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heliograph.config._source import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heliograph.config._errors import Key

__all__ = ["Comments", "comments_of"]

_RULE = re.compile(r"^-{2,}(.*--)?$")
_WORD = re.compile(r"^ {2,}([\w.]+) {2,}(\S.*)$")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


@dataclass(frozen=True)
class Comments:
    """What the file says of its keys."""

    above: Mapping[Key, str]
    """Key → the comment above it; paragraphs are lines, and so are lines that are indented."""
    beside: Mapping[Key, str]
    """Key → the comment at the end of its line."""
    words: Mapping[Key, Mapping[str, str]] = field(default_factory=dict)
    """Section → name of a key → its meaning."""

    def of(self, key: Key) -> str:
        """Return what the file says of this very key; "" for nothing."""
        parts = (self.beside.get(key, ""), self.above.get(key, ""))
        return "\n".join(part for part in parts if part)

    def meaning(self, key: Key) -> str:
        """Return what a section around the key says of all keys of its name; "" for nothing."""
        for length in range(len(key) - 1, -1, -1):
            if found := self.words.get(key[:length], {}).get(str(key[-1])):
                return found
        return ""

    def said(self, key: Key) -> str:
        """Return both, the more general first."""
        return "\n".join(part for part in dict.fromkeys((self.meaning(key), self.of(key))) if part)


def comments_of(path: Path) -> Comments:
    """Read the comments of a file that `_source.read` can read."""
    lines = path.read_text(encoding="utf-8").splitlines()
    places = read(path).places
    first: dict[int, Key] = {}  # line → the outermost key that starts on it
    for key, place in places.items():
        if key and place.line and (place.line not in first or len(key) < len(first[place.line])):
            first[place.line] = key
    above: dict[Key, str] = {}
    beside: dict[Key, str] = {}
    words: dict[Key, dict[str, str]] = {}
    block: list[str] = []
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if bare.startswith("#"):
            text = re.sub("^# ?", "", bare)
            block = [] if _RULE.match(text) else [*block, text]
            continue
        if number in first and bare:
            key = first[number]
            if block:
                above[key], words[key] = _text(block)
            if found := _at_end(line):
                beside[key] = found
        block = []
    return Comments(above, beside, {key: found for key, found in words.items() if found})


def _at_end(line: str) -> str:
    masked = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), line)
    found = re.search(r"\s#\s?", masked)
    return line[found.end() :].strip() if found else ""


def _text(block: list[str]) -> tuple[str, dict[str, str]]:
    """Return the paragraphs, and the words that they explain."""
    lines: list[str] = []
    words: dict[str, str] = {}
    for line in block:
        if found := _WORD.match(line):
            words[found[1]] = found[2]
        if lines and not line.startswith("  ") and not lines[-1].startswith("  "):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return "\n".join(lines), words
