"""One line for each call, query and run of a tool that ended, in columns as far as the terminal is wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heliograph.run._text import Paint, clean, cut, duration, usd

if TYPE_CHECKING:
    from heliograph.run._tree import Heading

__all__ = ["call_line", "heading_line", "query_line", "tool_line"]

_LABEL: Final = 40
"""Columns of indentation and label, where there is room; never fewer than _SHORTEST."""
_SHORTEST: Final = 14
_TOKENS, _COST, _TIME = 20, 13, 9
_NOTE: Final = 24
_DEEPEST: Final = 6
_FAILURES: Final = ("red", "yellow")


def call_line(message: dict[str, Any], depth: int, paint: Paint, width: int | None) -> str:
    """Say of a call: model, tokens, cost, latency, and what else there is to know: its error, its first token."""
    said = message["said"]
    read, written = said.get("llm_input_tokens"), said.get("llm_output_tokens")
    operation, cost = said["operation"], said.get("llm_cost_usd")
    label = clean(str(said["model"])) + (f" {clean(str(operation))}" if operation != "chat" else "")
    failed = said["status"] != "success"
    unused = failed and cost is None
    tokens = " ".join(f"{count:,} {way}" for count, way in ((read, "in"), (written, "out")) if count is not None)
    notes = [
        " ".join((clean(str(said["status"])), clean(str(said.get("error_type", ""))))).strip() if failed else "",
        "estimated" if said.get("usage_estimated") else "",
        f"first token {duration(first)}" if (first := said.get("llm_time_to_first_token_seconds")) else "",
    ]
    return _row(
        label,
        depth,
        [
            (tokens, _TOKENS, ("dim",)),
            (
                "" if unused and not read else usd(cost, unpriced=bool(said.get("unpriced"))),
                _COST,
                ("yellow",) if cost is None else (),
            ),
            (duration(said["llm_latency_seconds"]), _TIME, ()),
        ],
        ", ".join(note for note in notes if note),
        paint,
        width,
        colour="red" if said["status"] == "error" else "yellow" if failed else "cyan",
    )


def query_line(message: dict[str, Any], depth: int, paint: Paint, width: int | None) -> str:
    """Say of a query: its calls, its cost, how long it took, and its error."""
    said = message["said"]
    calls = said.get("llm_calls", 0)
    failed = said["status"] != "success"
    return _row(
        f"= query {clean(str(said.get('query_type', 'default')))}"
        + (f" [{message['trace'][-4:]}]" if not depth else ""),
        depth,
        [
            (f"{calls:,} call{'s' * (calls != 1)}", _TOKENS, ("dim",)),
            (usd(said.get("query_cost_usd", 0.0)), _COST, ()),
            (duration(said["query_latency_seconds"]), _TIME, ()),
        ],
        " ".join((said["status"], clean(str(said.get("error_type", ""))))).strip() if failed else "",
        paint,
        width,
        colour="red" if said["status"] == "error" else "bold",
    )


def tool_line(message: dict[str, Any], depth: int, paint: Paint, width: int | None) -> str:
    """Say of a run of a tool: how long it took, and its error."""
    said = message["said"]
    failed = said["status"] != "success"
    return _row(
        f"tool {clean(str(said['tool']))}",
        depth,
        [("", _TOKENS, ()), ("", _COST, ()), (duration(said["latency_seconds"]), _TIME, ())],
        " ".join((said["status"], clean(str(said.get("error_type") or "")))).strip() if failed else "",
        paint,
        width,
        colour="red" if failed else "dim",
    )


def heading_line(heading: Heading, paint: Paint, width: int | None) -> str:
    """Name what is around the lines below."""
    depth, name, again = heading
    text = "  " * min(depth, _DEEPEST) + name + (" ..." if again else "")
    return paint(text if width is None else cut(text, width), "dim" if again else "bold")


_Cell = tuple[str, int, tuple[str, ...]]


def _row(  # noqa: PLR0917 - one row
    label: str, depth: int, cells: list[_Cell], note: str, paint: Paint, width: int | None, *, colour: str
) -> str:
    """Lay out a row. Where a terminal is too narrow, cells go, from the left, and the label is cut: an error stays."""
    indent = "  " * min(depth, _DEEPEST)
    shown = list(cells)
    room = _LABEL
    if width is not None:
        kept = min(len(note), _NOTE) + 2 if note and colour in _FAILURES else 0
        while shown and _columns(shown) + _SHORTEST + kept > width:
            shown.pop(0)
        room = min(_LABEL, max(width - _columns(shown) - kept, 4))
    pieces: list[tuple[str, tuple[str, ...]]] = [(cut(indent + label, room).ljust(room), (colour,))]
    pieces += [("  " + said.rjust(size), colours) for said, size, colours in shown]
    if note:
        pieces.append(("  " + note, (colour,)))
    left = width
    row = ""
    for text, colours in pieces:
        part = text if left is None else cut(text, left)
        row += paint(part, *colours)
        left = None if left is None else left - len(part)
    return row if paint.on else row.rstrip()


def _columns(cells: list[_Cell]) -> int:
    return sum(size + 2 for _, size, _ in cells)
