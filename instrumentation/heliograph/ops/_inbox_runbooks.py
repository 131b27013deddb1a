"""The runbooks as pages: `docs/runbooks/*.md`, rendered with raw HTML switched off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from pathlib import Path

    from markdown_it.token import Token

__all__ = ["Runbook", "Runbooks"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NEIGHBOUR = re.compile(r"(?:\./)?([A-Za-z][A-Za-z0-9_]{0,63})\.md(#[^/]*)?")
_INDEX = "README"


@dataclass(frozen=True)
class Runbook:
    """One rendered page."""

    title: str
    html: str
    parts: tuple[tuple[str, str], ...] = ()
    """Its sections (second-level headings): anchor and title."""


class Runbooks:
    """The pages of one folder; read at each request, so that an edit shows at once."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or config_root() / "docs" / "runbooks"
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

    def names(self) -> list[str]:
        """Return the alerts that have a runbook."""
        return sorted(path.stem for path in self._folder.glob("*.md") if path.stem != _INDEX)

    def index(self) -> Runbook:
        """Return the list of runbooks: the folder's own index, else a plain list."""
        if page := self._render(_INDEX):
            return page
        listed = "".join(f'<li><a href="/runbooks/{name}">{name}</a></li>' for name in self.names())
        return Runbook("Runbooks", f"<h1>Runbooks</h1><ul>{listed}</ul>")

    def page(self, name: str) -> Runbook | None:
        """Return the runbook of an alert, None when there is none of that name."""
        return self._render(name) if name != _INDEX else None

    def _render(self, name: str) -> Runbook | None:
        if not _NAME.fullmatch(name):  # nothing that could lead out of the folder
            return None
        try:
            text = (self._folder / f"{name}.md").read_text(encoding="utf-8")
        except OSError:
            return None
        tokens = self._markdown.parse(text)
        headings = _anchor_headings(tokens)
        title = headings[0][2] if headings else name
        parts = tuple((anchor, text) for tag, anchor, text in headings if tag == "h2")
        for token in tokens:
            for child in token.children or ():
                _point_here(child)
        return Runbook(title, self._markdown.renderer.render(tokens, self._markdown.options, {}), parts)


def _anchor_headings(tokens: list[Token]) -> list[tuple[str, str, str]]:
    """Give headings the ids that links to them use (GitHub's way); return the tag, id and text of each."""
    found = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            slug = re.sub(r"[^\w\- ]", "", inline.content.lower()).replace(" ", "-")
            opening.attrSet("id", slug)
            found.append((opening.tag, slug, inline.content))
    return found


def _point_here(token: Token) -> None:
    """Point a link to a neighbouring file at its page; other pages open without telling where from."""
    if token.type != "link_open":
        return
    if neighbour := _NEIGHBOUR.fullmatch(str(token.attrGet("href"))):
        name, anchor = neighbour[1], neighbour[2] or ""
        token.attrSet("href", f"/runbooks/{'' if name == _INDEX else name}{anchor}")
    else:
        token.attrSet("rel", "noreferrer")
