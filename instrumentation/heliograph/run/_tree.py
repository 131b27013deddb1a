"""Which headings come before a line: the queries, chains and agents around it that are not the ones just above it.

Calls end in any order and from many threads, while a terminal only grows downwards. So a heading is printed before the
first line below it, and again where lines of something else came between.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from heliograph.run._text import clean

__all__ = ["Heading", "Tree"]

_CAPACITY: Final = 16_384
_DEEPEST: Final = 32

Heading = tuple[int, str, bool]
"""Depth from 0, text, and whether it was printed before."""


class Tree:
    """What is known of the spans around calls, of all processes, and which of them are the headings just above."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, str | None]] = OrderedDict()
        self._printed: OrderedDict[str, None] = OrderedDict()
        self._above: list[str] = []

    def learn(self, message: dict[str, Any]) -> None:
        """Remember the spans that a message names: those around it and, where it opens one, its own."""
        above = message.get("above")
        for span, name in message.get("path", ()):
            self._put(str(span), clean(str(name)), above)
            above = str(span)
        if message.get("e") == "open":
            self._put(str(message["id"]), clean(str(message["name"])), above)

    def path(self, message: dict[str, Any]) -> list[tuple[str, str]]:
        """Give id and name of all that is around, outermost first; other processes' too, as far as they told of it."""
        path = [(str(span), clean(str(name))) for span, name in message.get("path", ())]
        above = message.get("above")
        while above is not None and len(path) < _DEEPEST:
            known = self._known.get(str(above))
            if known is None:
                break
            path.insert(0, (str(above), known[0]))
            above = known[1]
        return path

    def headings(self, path: list[tuple[str, str]], trace: str) -> list[Heading]:
        """Give the headings to print before a line below `path`; they are the ones just above from now on."""
        ids = [span for span, _ in path]
        same = 0
        while same < min(len(ids), len(self._above)) and ids[same] == self._above[same]:
            same += 1
        self._above = ids
        found = []
        for depth, (span, name) in enumerate(path[same:], same):
            found.append((depth, f"{name} [{trace[-4:]}]" if depth == 0 else name, span in self._printed))
            self._printed[span] = None
            if len(self._printed) > _CAPACITY:
                self._printed.popitem(last=False)
        return found

    def _put(self, span: str, name: str, above: str | None) -> None:
        self._known[span] = (name, above)
        if len(self._known) > _CAPACITY:
            self._known.popitem(last=False)
