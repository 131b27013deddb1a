"""The documents: what the installed Python packages say about themselves, or a folder of yours."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES = frozenset({".md", ".rst", ".txt"})
"""Of the files that are read from a folder."""
_PASSAGE_CHARACTERS = 900


@dataclass(frozen=True)
class Passage:
    """A piece of a document, short enough for a prompt."""

    source: str
    text: str


def installed_packages() -> Iterator[Passage]:
    """Yield the passages of every installed package's long description."""
    for distribution in distributions():
        name = distribution.metadata["Name"]
        text = distribution.metadata.json.get("description", "")
        if name and isinstance(text, str):
            yield from passages(name, text)


def folder(path: Path) -> Iterator[Passage]:
    """Yield the passages of the Markdown, reStructuredText and text files below `path`."""
    for file in files(path):
        yield from passages(str(file.relative_to(path)), file.read_text(encoding="utf-8", errors="replace"))


def files(path: Path) -> Iterator[Path]:
    """Yield the files below `path` that are read."""
    return (file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file())


def passages(source: str, text: str) -> Iterator[Passage]:
    """Cut `text` at blank lines, and longer paragraphs at words, into passages of at most 900 characters."""
    held = ""
    for paragraph in re.split(r"\n\s*\n", text):
        for piece in textwrap.wrap(" ".join(paragraph.split()), _PASSAGE_CHARACTERS, break_on_hyphens=False):
            if held and len(held) + 1 + len(piece) > _PASSAGE_CHARACTERS:
                yield Passage(source, held)
                held = ""
            held = f"{held} {piece}".strip()
    if held:
        yield Passage(source, held)
