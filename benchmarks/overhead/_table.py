"""The table, and whether heliograph keeps to what it is to cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.overhead._contenders import BY_HAND, HELIOGRAPH, LANGFUSE
from benchmarks.overhead._figures import KINDS, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.overhead._figures import Added

__all__ = ["CHAT_AT_MOST", "Row", "table", "targets"]

CHAT_AT_MOST: Final = 1.7
"""Times the hand-written span's wall, which a chat call of heliograph's is to stay within."""


@dataclass(frozen=True)
class Row:
    """A contender's line: what it adds by kind of call, or why it was not measured."""

    title: str
    versions: Mapping[str, str]
    added: Mapping[str, Added]
    reason: str = ""


def table(rows: Mapping[str, Row]) -> str:
    """Draw it in Markdown: microseconds that are added to a call, and the ratios of both to the yardstick's."""
    lines = [
        "| | chat: wall | CPU | ratio | streaming: wall | CPU | ratio | version |",
        "|---|---|---|---|---|---|---|---|",
    ]
    yard = rows.get(BY_HAND)
    for row in rows.values():
        if row.reason:
            lines.append(f"| {row.title} | not measured: {row.reason} | | | | | | {_versions(row.versions)} |")
            continue
        cells = [cell for kind in KINDS for cell in _cells(row.added[kind], yard.added.get(kind) if yard else None)]
        lines.append(f"| {row.title} | {' | '.join(cells)} | {_versions(row.versions)} |")
    return "\n".join(lines)


def targets(rows: Mapping[str, Row]) -> Sequence[tuple[bool, str]]:
    """Say of each target whether it holds; of those whose contenders were measured."""
    walls = {(name, kind): row.added[kind].wall for name, row in rows.items() if not row.reason for kind in KINDS}
    said = []
    ours, yard = walls.get((HELIOGRAPH, "chat")), walls.get((BY_HAND, "chat"))
    if ours is not None and yard is not None:
        times = ratio(ours, yard)
        if times is None:
            said.append((False, "cannot be said: the span by hand is lost in the noise"))
        else:
            holds = times <= CHAT_AT_MOST
            text = f"a chat call costs heliograph's caller {times:.2f} times the span by hand, and is to cost"
            said.append((holds, f"{_verdict(holds)}: {text} {CHAT_AT_MOST} at most"))
    ours, theirs = walls.get((HELIOGRAPH, "stream")), walls.get((LANGFUSE, "stream"))
    if ours is not None and theirs is not None:
        holds = ours <= theirs
        text = f"a streamed call costs heliograph's caller {ours:.0f} µs, and is to cost no more than Langfuse's"
        said.append((holds, f"{_verdict(holds)}: {text} {theirs:.0f}"))
    return said


def _cells(added: Added, yard: Added | None) -> list[str]:
    low, high = added.spread
    times = [ratio(added.wall, yard.wall if yard else None), ratio(added.cpu, yard.cpu if yard else None)]
    ratios = " / ".join("-" if each is None else f"{each:.2f}" for each in times)
    return [f"{added.wall:.0f} ({low:.0f} to {high:.0f})", f"{added.cpu:.0f}", ratios]


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{package} {version}" for package, version in versions.items())


def _verdict(holds: bool) -> str:  # noqa: FBT001 - the answer itself
    return "holds" if holds else "does not hold"
