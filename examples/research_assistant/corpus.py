"""The documents: what the installed Python packages say about themselves, or a folder of yours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in {".md", ".rst", ".txt"}:
            yield from passages(str(file.relative_to(path)), file.read_text(errors="replace"))


def passages(source: str, text: str) -> Iterator[Passage]:
    """Cut `text` at blank lines into passages of at most about 900 characters."""
    held = ""
    for paragraph in re.split(r"\n\s*\n", text):
        clean = " ".join(paragraph.split())
        if held and len(held) + len(clean) > _PASSAGE_CHARACTERS:
            yield Passage(source, held)
            held = ""
        held = f"{held} {clean}".strip()[: 2 * _PASSAGE_CHARACTERS]
    if held:
        yield Passage(source, held)
