"""Patterns applied to one text."""

from __future__ import annotations

import logging
import re
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heliograph.guard._patterns import Pattern

__all__ = ["Redactor", "failures", "forget_failures"]

_log = logging.getLogger("heliograph.guard")
_MOST_ROUNDS: Final = 4
_LONG: Final = 400


class Redactor:
    """Applies patterns, and a function of the user's, to texts. Never raises."""

    def __init__(self, patterns: Sequence[Pattern], redact: Callable[[str], str] | None = None) -> None:
        self.redact = redact
        self._searched = [(pattern.sub, pattern.hints) for pattern in patterns]
        self._hints = tuple(sorted({hint for pattern in patterns for hint in pattern.hints}))
        self._always = any(not pattern.hints for pattern in patterns)
        self._any = re.compile(_any_of(self._hints)) if self._hints else None

    def suspects(self, text: str) -> bool:
        """Whether `text` may hold something to redact: a look that costs little, and errs on this side only."""
        return self._always or self._holds_hint(text.lower())

    def _holds_hint(self, low: str) -> bool:
        if self._any is None:
            return False
        if len(low) > _LONG:  # here `in`, once per hint, is faster
            return any(map(low.__contains__, self._hints))
        return self._any.search(low) is not None

    def text(self, text: str) -> str | None:
        """Redact; None where that failed, and the text must not be used."""
        try:
            if self.redact is not None:
                text = self.redact(text)
                if not isinstance(text, str):
                    raise TypeError  # noqa: TRY301 - counted like anything else that goes wrong in there
        except Exception as error:  # noqa: BLE001 - whatever a user's function throws, nothing leaks
            _count(error)
            return None
        return self.known(text)

    def known(self, text: str) -> str:
        """Apply the patterns only. What they put in may stop hiding something: at most four rounds."""
        for _ in range(_MOST_ROUNDS):
            new = self._once(text)
            if new == text:
                break
            text = new
        return text

    def _once(self, text: str) -> str:
        low = text.lower()
        if not self._always and not self._holds_hint(low):
            return text
        present = {hint for hint in self._hints if hint in low}
        for sub, hints in self._searched:
            if not hints or not present.isdisjoint(hints):
                text = sub(text)
        return text


@lru_cache(maxsize=8)  # in one process it is the same words, for each span processor that is made
def _any_of(words: tuple[str, ...]) -> str:
    """Give an expression for any of the words that branches by letter: a third of the time of a plain `a|b|c`."""
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}

    def expression(node: dict[str, Any]) -> str:
        if "" in node:
            return ""
        branches = [re.escape(letter) + expression(inner) for letter, inner in node.items()]
        return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"

    return expression(tree)


_lock = threading.Lock()
_failures = 0


def failures() -> int:
    """How many values have been left out so far, because a `redact` function failed on them."""
    return _failures


def forget_failures() -> None:
    """Start again at none."""
    global _failures  # noqa: PLW0603
    _failures = 0


def _count(error: Exception) -> None:
    global _failures  # noqa: PLW0603
    with _lock:
        _failures += 1
        first = _failures == 1
    if first:
        # Not the error itself: its message may be the text.
        _log.warning(
            "the redact function raised %s: what it was given is left out of telemetry (said once)",
            type(error).__name__,
        )
