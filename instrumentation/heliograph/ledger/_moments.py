"""Things that happen to the stack at stated seconds of a run."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Moment", "Moments"]


@dataclass(frozen=True)
class Moment:
    """Something to do, `at` seconds after the start; those that `heal` are done even when the run is interrupted."""

    at: float
    what: str
    do: Callable[[], object]
    heals: bool = False


class Moments:
    """Does one thing after the other on a thread of its own; `tell` hears what was done, or how it failed."""

    def __init__(self, moments: Sequence[Moment], started: float, tell: Callable[[str], None]) -> None:
        self._moments = sorted(moments, key=lambda moment: moment.at)
        self._started = started
        self._tell = tell
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger-moments", daemon=True)

    def start(self) -> None:
        """Begin to wait for the first."""
        self._thread.start()

    def finish(self) -> None:
        """Wait until all is done."""
        self._thread.join()

    def abort(self) -> None:
        """Do what heals at once, and nothing else; wait for it."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        for moment in self._moments:
            if self._over.wait(max(0.0, self._started + moment.at - time.time())) and not moment.heals:
                continue
            begun = time.time() - self._started
            try:
                moment.do()
            except HeliographError as error:
                self._tell(f"at {begun:.1f} s: {moment.what}: failed: {error.what} {error.why}".rstrip())
            except Exception as error:  # noqa: BLE001 - a caller's function: the run goes on and says so
                self._tell(f"at {begun:.1f} s: {moment.what}: failed: {type(error).__name__}: {error}")
            else:
                self._tell(f"at {begun:.1f} s: {moment.what} (done at {time.time() - self._started:.1f} s)")
