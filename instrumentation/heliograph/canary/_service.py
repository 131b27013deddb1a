"""The canary as a service: a call at every turn, each followed until it is seen or its time is over."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from heliograph.canary._results import Results
from heliograph.canary._sight import STORE_OF, follow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heliograph.canary._call import Call
    from heliograph.canary._sight import Look, Sighting, Signal

__all__ = ["CanaryService", "Settings"]

_log = logging.getLogger(__name__)
_FIRST: Final = 5.0  # seconds before the first call: a stack that starts with the canary needs a moment
_END_SECONDS: Final = 6.0  # for a question that is under way at the end


@dataclass(frozen=True)
class Settings:
    """Times in seconds."""

    every: float
    within: float
    first: float = _FIRST


class CanaryService:
    """Calls, looks, and keeps the results; `call` and `looks` are those of `Caller` and `looks()`."""

    def __init__(self, settings: Settings, call: Callable[[], Call], looks: Mapping[Signal, Look]) -> None:
        self.results = Results()
        self._settings = settings
        self._call = call
        self._looks = looks
        self._missing: set[Signal] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="canary", daemon=True)

    @property
    def healthy(self) -> bool:
        """Whether calls are made."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to call."""
        self._thread.start()

    def close(self) -> None:
        """Make no more calls; one that is being followed says nothing any more."""
        self._stop.set()
        self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        due = time.monotonic() + self._settings.first
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._settings.every, time.monotonic())
            sightings = follow(self._call(), self._looks, within=self._settings.within, stop=self._stop)
            if self._stop.is_set():
                return
            self.results.take(sightings)
            for one in sightings:
                self._tell(one)

    def _tell(self, one: Sighting) -> None:
        """Log the first call that is missed, and the first that arrives again."""
        if one.seconds is None and one.signal not in self._missing:
            self._missing.add(one.signal)
            _log.warning(
                "%s do not arrive: not in %s within %g s: %s. This is said once.",
                one.signal,
                STORE_OF[one.signal],
                self._settings.within,
                one.why,
            )
        elif one.seconds is not None and one.signal in self._missing:
            self._missing.discard(one.signal)
            _log.warning("%s arrive again, after %.1f s", one.signal, one.seconds)
