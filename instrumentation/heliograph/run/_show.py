"""What arrives, shown: a line for a person, an object for a machine, and both counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from heliograph.run import _lines, _summary
from heliograph.run._tally import Tally
from heliograph.run._text import clean, paint_for, width_of
from heliograph.run._tree import Tree

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["Show"]

_LINES: Final = {"llm.call": _lines.call_line, "query.finished": _lines.query_line, "tool": _lines.tool_line}
_OBJECTS: Final = frozenset({"llm.call", "query.finished", "chain.finished", "tool"})


class Show:
    """Takes messages; writes lines to `screen` and JSON lines to `machine`, where these are given.

    A screen or a file that can be written no more (a closed pipe, a full disk) is given up; the program runs on.
    """

    def __init__(self, screen: TextIO | None, machine: TextIO | None, *, live: bool = True) -> None:
        self.tally = Tally()
        self._tree = Tree()
        self._screen = screen
        self._machine = machine
        self._live = live
        self._paint = paint_for(screen) if screen is not None else None
        self.failed: str | None = None
        """Why the machine's file is incomplete, if it is."""

    def begin(self, line: str) -> None:
        """Print the first line."""
        self._print(line, "dim")

    def receive(self, message: dict[str, Any], connection: int) -> None:
        """Count a message and show it. Raises what is wrong with the message."""
        self.tally.hear(message, connection)
        self._tree.learn(message)
        event = message.get("e")
        if event in _OBJECTS:
            if self._machine is not None:
                process = self.tally.processes[connection]
                self._write(_object(message, [name for _, name in self._tree.path(message)], process.pid, process.name))
            if self._live and event in _LINES:
                self._show(message)
        elif event == "process" and self._live and message.get("sends_to"):
            self._print(f"heliograph: {clean(str(message['name']))} sends to {clean(str(message['sends_to']))}", "dim")

    def end(self, seconds: float, status: int) -> None:
        """Write the summary."""
        if self._machine is not None:
            self._write(_summary.as_json(self.tally, seconds, status))
        if self._screen is not None and self._paint is not None:
            for line in _summary.lines(self.tally, seconds, paint=self._paint, width=width_of(self._screen)):
                self._print(line)

    def _show(self, message: dict[str, Any]) -> None:
        if self._screen is None or self._paint is None:
            return
        width = width_of(self._screen)
        path = self._tree.path(message)
        for heading in self._tree.headings(path, str(message.get("trace", ""))):
            self._print(_lines.heading_line(heading, self._paint, width))
        self._print(_LINES[message["e"]](message, len(path), self._paint, width))

    def _print(self, line: str, *colours: str) -> None:
        if self._screen is None or self._paint is None:
            return
        try:
            self._screen.write(self._paint(line, *colours) + "\n")
            self._screen.flush()
        except (OSError, ValueError):
            self._screen = None

    def _write(self, said: dict[str, Any]) -> None:
        if self._machine is None:
            return
        try:
            self._machine.write(json.dumps(said, ensure_ascii=False, default=str) + "\n")
            self._machine.flush()
        except (OSError, ValueError) as error:
            self._machine = None
            self.failed = str(error)


def _object(message: dict[str, Any], path: list[str], pid: int, name: str) -> dict[str, Any]:
    said = {
        "event": message["e"],
        "time": message["at"],
        "pid": pid,
        "process": name,
        "trace_id": message["trace"],
        "span_id": message["id"],
        "path": path,
        **{key: value for key, value in message["said"].items() if value is not None},
    }
    if message.get("wasted"):
        said["wasted"] = message["wasted"]
    return said
