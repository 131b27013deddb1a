"""Tell a person what is happening: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.status import Status

__all__ = ["Progress", "Step"]

_QUIET_SECONDS = 15.0
"""Where there is no terminal, a running step says so at least this often."""


class Step:
    """One step of the story; `update` says how far it is."""

    def __init__(self, console: Console, title: str, status: Status | None) -> None:
        self._console = console
        self._title = title
        self._status = status
        self._said = self._began = time.monotonic()
        self.result = ""
        """What came of it, shown behind the title when the step is done."""
        self.failed = False
        """Set by a step that comes to its end and yet did not go well: a cross instead of the tick."""

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._began

    def update(self, text: str) -> None:
        """Show `text` at once on a terminal, now and then elsewhere."""
        if self._status is not None:
            self._status.update(f"{self._title} [dim]{text}[/dim]")
        elif time.monotonic() - self._said >= _QUIET_SECONDS:
            self._said = time.monotonic()
            _line(self._console, Text(f"    ... {self._title}: {text} ({self.seconds:.0f} s)"))


class Progress:
    """The list of steps as they are taken."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.current = ""
        """The step that is being taken; after an error, the one that failed."""

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Take one step: `title` while it runs, then a tick and its time; a cross when it failed or raises."""
        self.current = title
        status = None
        if self._console.is_terminal:
            status = self._console.status(title)
            status.start()
        else:
            _line(self._console, Text(f"  ... {title}"))
        step = Step(self._console, title, status)
        mark = ("✗", "red")
        try:
            yield step
            if not step.failed:
                mark = ("✓", "green")
        finally:
            if status is not None:
                status.stop()
            tail = f": {step.result}" if step.result else ""
            _line(self._console, Text.assemble("  ", mark, f" {title}{tail} ", (f"({step.seconds:.1f} s)", "dim")))


def _line(console: Console, text: Text) -> None:
    """Print one line as one line: a log file has no width."""
    console.print(text, soft_wrap=True)
