"""What differs between two sets of generated files, as an operator would say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Area", "Change", "Kind", "field"]

Area = Literal["alerts", "records", "routes", "boards"]
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Change:
    """One thing that an operator would want to know of before it is applied."""

    area: Area
    kind: Kind
    subject: str
    """Whom it is about: `HighLLMLatency (critical)`, `receiver slack-critical`, `LLM overview: Call latency`."""
    what: str = ""
    """The part that changed: `threshold`, `for`, `label team`; empty when the whole came or went."""
    old: str = ""
    new: str = ""
    minor: bool = False
    """Words and links: nobody is called at another time because of it."""
    note: str = ""
    """What follows from it, where that is not plain."""

    @property
    def name(self) -> str:
        """The subject without what tells it from its siblings: the name of the alert, record, receiver or board."""
        return self.subject.split(" (", maxsplit=1)[0]


def field(
    area: Area, subject: str, what: str, values: tuple[object, object], *, minor: bool = False
) -> Iterable[Change]:
    """Yield the change of one field, if it is one; None stands for a field that is not there."""
    old, new = ("" if value is None else str(value) for value in values)
    if old != new:
        yield Change(area, "changed", subject, what, old, new, minor=minor)
