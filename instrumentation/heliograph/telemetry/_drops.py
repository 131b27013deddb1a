"""What will never arrive, counted by signal and reason: as a metric while the process lives, in one line at its end."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import Counter
from typing import Final, Literal, get_args

__all__ = ["REASONS", "Drops", "Reason"]

Reason = Literal[
    "corrupt", "gave_up", "limits", "process_end", "queue_full", "refused", "spool_full", "too_large", "unencodable"
]
"""`limits` are items that arrive without a part (OpenTelemetry's limits of attributes, events and links); any other
reason is an item that does not arrive."""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
_ITEMS: Final = {"traces": "spans", "metrics": "metric points", "logs": "logs"}


class Drops:
    """A ledger of losses. Any thread may add to it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may log, and be dropped, in the middle of an addition
        self._counts: Counter[tuple[str, Reason]] = Counter()

    def add(self, signal: str, reason: Reason, count: int) -> None:
        """Count `count` items of a signal ("traces", "metrics", "logs") as lost."""
        if count > 0:
            with self._lock:
                self._counts[signal, reason] += count

    def counts(self) -> Counter[tuple[str, Reason]]:
        """Give the losses of this process by signal and reason."""
        with self._lock:
            return Counter(self._counts)

    def say(self) -> None:
        """Say on standard error, in one line, what was lost; nothing where nothing was."""
        lost = self.counts()
        if lost:
            # Not through logging, which an application may have pointed elsewhere, or shut down by now.
            with contextlib.suppress(Exception):
                print(f"heliograph: telemetry of this process is missing: {sentence(lost)}", file=sys.stderr)  # noqa: T201

    def after_fork(self) -> None:
        """Start from nothing in a child: what the parent has lost is the parent's to say."""
        self._lock = threading.RLock()
        self._counts.clear()


def sentence(lost: Counter[tuple[str, Reason]]) -> str:
    """Say losses in words: "12 spans (queue_full), 3 logs (refused)"; "nothing" where there are none."""
    said = [f"{count} {_ITEMS.get(signal, signal)} ({reason})" for (signal, reason), count in sorted(lost.items())]
    return ", ".join(said) or "nothing"
