"""What a benchmark is at, on stderr: a terminal's last line, kept up to date; elsewhere a line every 20 seconds."""

from __future__ import annotations

import sys
import threading
import time
from typing import Final, Self, TextIO

__all__ = ["Progress"]

_EVERY: Final = 20.0
"""Seconds between two lines where there is no terminal: whoever reads a log sees that it goes on."""
_BLINK: Final = 1.0
_WIPE: Final = "\r\033[K"


class Progress:
    """Tells the last thing that was said, and for how long it has gone on: even while nothing new can be said.

    Call it with what is done now; that costs nothing. Use it as a context manager.
    """

    def __init__(self, out: TextIO | None = None, every: float | None = None) -> None:
        self._out = out or sys.stderr
        self._terminal = self._out.isatty()
        self._every = every or (_BLINK if self._terminal else _EVERY)
        self._began = time.monotonic()
        self._now = ""
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __call__(self, what: str) -> None:
        """Say what is done now."""
        self._now = what
        if self._terminal:
            self._show()

    def note(self, what: str) -> None:
        """Say something that is to stay, at once."""
        self._print(f"{_WIPE if self._terminal else ''}{self._elapsed()} {what}\n")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._terminal:
            self._print(_WIPE)

    def _tell(self) -> None:
        while not self._ended.wait(self._every):
            self._show()

    def _show(self) -> None:
        if self._now:
            line = f"{self._elapsed()} {self._now}"
            self._print(f"{_WIPE}{line}" if self._terminal else f"{line}\n")

    def _elapsed(self) -> str:
        return f"[{time.monotonic() - self._began:4.0f} s]"

    def _print(self, text: str) -> None:
        with self._writing:
            self._out.write(text)
            self._out.flush()
