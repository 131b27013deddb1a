"""The settings that the promises rest on, as data: settings.yaml says how each is undone, seen.json what happened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML

__all__ = ["PAGE", "ROOT", "SEEN", "Case", "cases", "seen", "with_table"]

ROOT: Final = Path(__file__).resolve().parents[2]
SEEN: Final = Path(__file__).with_name("seen.json")
PAGE: Final = ROOT / "docs" / "reliability.md"
_BEGIN, _END = "<!-- undone: begin -->\n", "<!-- undone: end -->\n"


@dataclass(frozen=True)
class Case:
    """One setting, and the test that fails without it."""

    name: str
    promise: str
    """The row of the contract."""
    setting: str
    """What is undone, for people."""
    file: str
    find: str
    """Stands in `file` exactly once …"""
    put: str
    """… and becomes this."""
    test: str
    """A test's id, as pytest takes it."""
    apart_from: str = ""
    """The name of a case that would hide this one, undone in the same run."""
    alone: bool = False
    """Whether it disturbs whatever is undone in the same run."""

    def undo(self, root: Path) -> None:
        """Change the file below `root`; raises ValueError unless `find` is there exactly once."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if (count := text.count(self.find)) != 1:
            raise ValueError(f"{self.name}: {self.find!r} stands {count} times in {self.file}")
        path.write_text(text.replace(self.find, self.put), encoding="utf-8")


@cache
def cases() -> list[Case]:
    """Read all of them, in the order of the contract."""
    return [
        Case(name, promise, **fields)
        for promise, settings in YAML(typ="safe").load(Path(__file__).with_name("settings.yaml")).items()
        for name, fields in settings.items()
    ]


def seen() -> dict[str, dict[str, str]]:
    """Return when each test was seen to fail, and what it said: `{name: {"on": ISO date, "said": …}}`."""
    read: dict[str, dict[str, str]] = json.loads(SEEN.read_text(encoding="utf-8"))
    return read


def with_table(page: str) -> str:
    """Return the page with today's table between its two marks."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return before + _BEGIN + _table() + _END + after


def _table() -> str:
    known = seen()
    lines = ["| promise | undone | test that fails then | seen failing |", "|---|---|---|---|"]
    last = ""
    for case in cases():
        promise, last = ("" if case.promise == last else f"**{case.promise}**"), case.promise
        where, _, test = case.test.partition("::")
        on = known.get(case.name, {}).get("on", "not yet")
        lines.append(f"| {promise} | {case.setting} | `{test}` ({where.removeprefix('tests/')}) | {on} |")
    return "\n".join(lines) + "\n"
