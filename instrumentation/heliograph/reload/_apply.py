"""One change at all servers: check, replace, reload, confirm; and all of it back when one says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.reload._files import replace
from heliograph.reload._http import AbsentError, RefusedError
from heliograph.reload._outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from heliograph.reload._servers import Changed, Server

__all__ = ["Report", "apply"]

_VITAL = frozenset({"prometheus", "alertmanager", "loki"})
"""A board that shows late is a nuisance; rules and routes that are not the ones written are a danger."""


@dataclass(frozen=True)
class Report:
    """What became of a change."""

    outcomes: tuple[Outcome, ...]
    back: bool = False
    """Whether a server said no and the files are the old ones again."""

    @property
    def in_force(self) -> bool:
        """Whether every server that reads a changed file has it."""
        return not self.back and all(
            outcome.state in {"took it", "unchanged", "restarted"} for outcome in self.outcomes
        )


def apply(
    root: Path,
    files: Mapping[str, str],
    changed: Changed,
    servers: Sequence[Server],
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Replace the `changed` files below `root` and have the `servers` that read them take them.

    `files` are all files, the unchanged ones too. A server that does not run is none the wiser: it reads its files when
    it starts. Raises OSError when the files cannot be written; the old ones are there then.
    """
    outcomes: dict[str, Outcome] = {}
    its: Changed
    asked: list[tuple[Server, Changed]] = []
    for server in servers:
        its = {path: text for path, text in changed.items() if server.reads(path)}
        if not its:
            outcomes[server.name] = Outcome(server.name, "unchanged")
            continue
        try:
            server.look(its)
            asked.append((server, its))
        except (AbsentError, RefusedError) as error:
            outcomes[server.name] = Outcome(server.name, "does not run", str(error))
    before = replace(root, changed)
    told: list[tuple[Server, Changed]] = []
    for server, its in asked:
        progress(f"{server.name} ...")
        outcomes[server.name] = outcome = server.take(files, its)
        told.append((server, its))
        if outcome.failed and server.name in _VITAL:
            replace(root, before)
            return Report((*outcomes.values(), *_take_back(told, files, before, progress)), back=True)
    return Report(tuple(outcomes[server.name] for server in servers))


def _take_back(
    told: Sequence[tuple[Server, Changed]],
    files: Mapping[str, str],
    before: Changed,
    progress: Callable[[str], None],
) -> list[Outcome]:
    """Have the servers that were told read the old files again; return who does not."""
    old = {path: text for path, text in {**files, **before}.items() if text is not None}
    failed = []
    for server, its in told:
        progress(f"{server.name}: back to the old files ...")
        outcome = server.take(old, {path: before[path] for path in its})
        if outcome.failed and server.name in _VITAL:
            failed.append(Outcome(server.name, outcome.state, f"nor does it go back to the old files: {outcome.note}"))
    return failed
