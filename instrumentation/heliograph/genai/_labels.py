"""Label values with caps: past its cap, a label's new values become `other`.

Every label that an application, or the texts it handles, can feed has one: a model name per request, or a tenant per
user, would otherwise be a time series each, in the process and in every store.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from heliograph.genai._text import sayable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CAPS", "OTHER", "LabelCap", "Labels"]

_log = logging.getLogger("heliograph.genai")

OTHER: Final = "other"

CAPS: Final = {
    "model": 200,
    "chain": 200,
    "tenant": 100,
    "query_type": 100,
    "tool": 100,
    "error_type": 100,
    "provider": 50,
    "operation": 20,
}
"""The most values a label takes, per process, before new ones are `other`."""

_LONGEST: Final = 200


class LabelCap:
    """The first `limit` distinct values pass; later ones are `other`, and `folded(label)` hears of each.

    New values are redacted: labels pass no other gate, and are in every store, board and notification.

    A set grows by at most one element per value, and a race between threads can only let a few values more
    through: no lock is needed.
    """

    def __init__(
        self, label: str, limit: int, folded: Callable[[str], None], redact: Callable[[str], str] = str
    ) -> None:
        self._label = label
        self._limit = limit
        self._folded = folded
        self._redact = redact
        self._known: set[str] = set()
        self._warned = False

    def __call__(self, value: str | None) -> str:
        """Give the value to use; None becomes "". Values are cut at 200 characters."""
        if not value:
            return ""
        if value in self._known:
            return value
        value = sayable(self._redact(value[:_LONGEST]))[:_LONGEST]
        if value in self._known or value == OTHER:
            return value
        if len(self._known) >= self._limit:
            if not self._warned:
                self._warned = True
                _log.warning(
                    "more than %d values of the label %s: new ones are counted as %r. "
                    "Spans and events keep the value itself.",
                    self._limit,
                    self._label,
                    OTHER,
                )
            self._folded(self._label)
            return OTHER
        self._known.add(value)
        return value


class Labels:
    """The caps of one meter, one attribute per label."""

    def __init__(self, folded: Callable[[str], None]) -> None:
        from heliograph.guard import ContentPolicy  # late: it imports this package's vocabulary

        redact = ContentPolicy().text

        def cap(label: str) -> LabelCap:
            return LabelCap(label, CAPS[label], folded, redact)

        self.model = cap("model")
        self.chain = cap("chain")
        self.tenant = cap("tenant")
        self.query_type = cap("query_type")
        self.error_type = cap("error_type")
        self.tool = cap("tool")
        self.provider = cap("provider")
        self.operation = cap("operation")
