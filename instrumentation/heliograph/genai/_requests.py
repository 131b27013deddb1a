"""The requests a query has made: how often the very same one, by hashes that never leave the process.

What tells an agent that goes in circles from one that works. A hash is Python's own (`hash`), salted for each process;
it is kept while its query runs, and no text is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MOST", "Requests"]

MOST: Final = 10_000
"""Different requests that one query is asked to remember; of others it is not known how often they were made."""


class Requests:
    """The requests of one query. `sent` may be called by any thread; all else is the metering line's."""

    __slots__ = ("_closed", "_made", "_open", "highest")

    def __init__(self) -> None:
        self._open: dict[int, Callable[[], int | None]] = {}
        self._made: dict[int, int] = {}
        self._closed = False
        self.highest: int | None = None
        """The most often that one request was made; None where no request is known."""

    def sent(self, span_id: int, request: Callable[[], int | None]) -> None:
        """Note what the call of this span asks: `request` gives its hash when the call has ended."""
        if not self._closed and len(self._open) < MOST:
            self._open[span_id] = request

    def ended(self, span_id: int) -> int | None:
        """Count the request of a call that ended; return how often it was made by now, None where it is not known."""
        asked = self._open.pop(span_id, None)
        request = asked() if asked is not None else None
        if request is None or (len(self._made) >= MOST and request not in self._made):
            return None
        times = self._made[request] = self._made.get(request, 0) + 1
        self.highest = max(self.highest or 0, times)
        return times

    def drop(self, span_id: int) -> None:
        """Forget the request of a span that is not counted."""
        self._open.pop(span_id, None)

    def forget(self) -> None:
        """Forget everything but the highest number, and take no more: the query has ended."""
        self._closed = True
        self._open, self._made = {}, {}
