"""What is known against the parts: asked of OSV (https://osv.dev), which knows PyPI's and Go's advisories.

An answer that could not be had is no answer: it ends in an error, never in "nothing found".
"""

from __future__ import annotations

import json
import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from heliograph.supply._component import Component

__all__ = ["OSV", "UNREACHABLE", "Accepted", "Finding", "accepted", "audit"]

OSV: Final = "https://api.osv.dev"
UNREACHABLE: Final = 3
"""Exit status: nothing is known, because the data could not be had."""
_BATCH: Final = 500  # queries in a request; OSV takes 1000
_SECONDS: Final = 30.0
_ASKED: Final = frozenset({"pypi", "golang"})


@dataclass(frozen=True)
class Finding:
    """One advisory about one part."""

    component: Component
    id: str
    aliases: tuple[str, ...]
    summary: str
    fixed: tuple[str, ...]
    """Versions from which on it is mended."""


@dataclass(frozen=True)
class Accepted:
    """An advisory that somebody has looked at, and that may stay until a day."""

    id: str
    why: str
    until: date


def accepted(path: Path, *, today: date | None = None) -> dict[str, Accepted]:
    """Read the advisories that are accepted today, by id; {} of a file that is not there. Raises HeliographError."""
    if not path.is_file():
        return {}
    try:
        found = [_row(row) for row in tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HeliographError(f"{path.name} is not as it should be.", why=str(error), exit_code=2) from error
    return {one.id: one for one in found if one.until >= (today or date.today())}  # noqa: DTZ011 - a day of people's


def _row(row: Mapping[str, Any]) -> Accepted:
    one = Accepted(str(row["id"]), str(row["why"]), row["until"])
    if type(one.until) is not date or not one.why.strip():
        raise ValueError("`until` is a date such as 2026-12-31, and `why` is a reason")
    return one


def audit(components: Iterable[Component], *, url: str = OSV) -> list[Finding]:
    """Return what OSV knows against these parts; raises HeliographError (exit status 3) where it cannot be asked."""
    asked = [one for one in components if one.ecosystem in _ASKED]
    ids: dict[str, list[Component]] = {}
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        for one, answer in zip(batch, _answers(url, [_query(one) for one in batch]), strict=True):
            for known in answer.get("vulns", ()):
                ids.setdefault(known["id"], []).append(one)
    details = {name: _ask(f"{url}/v1/vulns/{name}") for name in sorted(ids)}
    return sorted(
        (_finding(one, name, details[name]) for name, parts in ids.items() for one in parts),
        key=lambda found: (found.component, found.id),
    )


def _query(one: Component) -> dict[str, Any]:
    ecosystem = {"pypi": "PyPI", "golang": "Go"}[one.ecosystem]
    return {"package": {"name": one.name, "ecosystem": ecosystem}, "version": one.version.removeprefix("v")}


def _answers(url: str, queries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Ask for many at once, page by page; one answer for each query."""
    whole: list[dict[str, Any]] = [{"vulns": []} for _ in queries]
    open_ = list(enumerate(queries))
    while open_:
        answer = _ask(f"{url}/v1/querybatch", {"queries": [query for _, query in open_]})
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(open_):
            raise _unreachable(url, "it answers something else than one result for each question")
        again: list[tuple[int, Mapping[str, Any]]] = []
        for (place, query), result in zip(open_, results, strict=True):
            whole[place]["vulns"] += (result or {}).get("vulns") or []
            if token := (result or {}).get("next_page_token"):
                again.append((place, {**query, "page_token": token}))
        open_ = again
    return whole


def _ask(url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - checked by the CLI
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            found = json.load(answer)
    except (OSError, ValueError) as error:
        raise _unreachable(url, str(error)) from error
    if not isinstance(found, dict):
        raise _unreachable(url, "it answers no JSON object")
    return found


def _unreachable(url: str, why: str) -> HeliographError:
    return HeliographError(
        "Nothing was checked: the data about vulnerabilities cannot be had.",
        why=f"{url}: {why}",
        hint="try again from a machine that reaches it, or name a mirror with --osv URL",
        exit_code=UNREACHABLE,
    )


def _finding(one: Component, name: str, details: Mapping[str, Any]) -> Finding:
    events = [
        event
        for affected in details.get("affected", ())
        if affected.get("package", {}).get("name", "").lower() == one.name.lower()
        for ranges in affected.get("ranges", ())
        for event in ranges.get("events", ())
    ]
    return Finding(
        component=one,
        id=name,
        aliases=tuple(details.get("aliases", ())),
        summary=str(details.get("summary") or details.get("details", "").split("\n")[0]),
        fixed=tuple(dict.fromkeys(event["fixed"] for event in events if "fixed" in event)),
    )
