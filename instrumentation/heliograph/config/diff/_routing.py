"""Alertmanager's configuration: who hears of which alert, and what of routes, receivers and inhibitions changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from heliograph.config.diff._changes import Change, field

if TYPE_CHECKING:
    from heliograph.config.diff._rules import Rule

__all__ = ["compare_hearers", "compare_routing", "hearers"]

_MATCHER = re.compile(r'^\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*$', re.DOTALL)
_TIMING = (
    "group_by",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "active_time_intervals",
    "mute_time_intervals",
)


def hearers(route: Mapping[str, Any], labels: Mapping[str, str]) -> list[str]:
    """Return the receivers of an alert with these labels, as Alertmanager walks its tree: depth first.

    Times at which a route is muted are not looked at.
    """
    found: list[str] = []
    for child in route.get("routes") or []:
        if all(_matches(matcher, labels) for matcher in child.get("matchers") or []):
            found += hearers({"receiver": route.get("receiver"), **child}, labels)
            if not child.get("continue"):
                break
    return found or [str(route.get("receiver"))]


def compare_hearers(
    old: Mapping[str, Any], new: Mapping[str, Any], before: Sequence[Rule], after: Sequence[Rule]
) -> Iterator[Change]:
    """Yield the alerts of ours whose receivers differ, by the labels that their rules state."""
    if not old or not new:
        return
    known = {(rule.name, tuple(sorted(rule.labels.items()))) for rule in before if rule.area == "alerts"}
    for rule in after:
        if (rule.name, tuple(sorted(rule.labels.items()))) not in known:
            continue  # it, or its labels, are news anyway
        labels = {"alertname": rule.name, **rule.labels}
        yield from field(
            "routes",
            f"{rule.name} ({rule.labels.get('severity', 'no severity')}, {rule.labels.get('level', 'no level')})",
            "goes to",
            tuple(", ".join(hearers(config["route"], labels)) for config in (old, new)),  # type: ignore[arg-type]
        )


def compare_routing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what differs between two configurations of Alertmanager."""
    for what in _TIMING[:4]:
        values = [(config.get("route") or {}).get(what) for config in (old, new)]
        yield from field("routes", "every notification", what, (_said(values[0]), _said(values[1])))
    yield from _named("route", _routes(old), _routes(new))
    yield from _named("receiver", *({r["name"]: r for r in c.get("receivers") or []} for c in (old, new)))
    yield from _named("inhibition", _inhibitions(old), _inhibitions(new))
    yield from _named(
        "time interval",
        *(
            {i["name"]: i for key in ("time_intervals", "mute_time_intervals") for i in c.get(key) or []}
            for c in (old, new)
        ),
    )
    for key in sorted({*old, *new} - {"route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals"}):
        yield from _fields(key, old.get(key), new.get(key), minor=key == "templates")


def _named(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        subject = f"{kind} {name}"
        if name not in new:
            yield Change("routes", "removed", subject)
        elif name not in old:
            yield Change("routes", "added", subject)
        else:
            yield from _fields(subject, old[name], new[name])
    kept = [[name for name in names if name in other] for names, other in ((old, new), (new, old))]
    if kind == "route" and kept[0] != kept[1]:
        yield Change(
            "routes", "changed", "the order of routes", "first to last", "; ".join(kept[0]), "; ".join(kept[1])
        )


def _fields(subject: str, old: object, new: object, path: str = "", *, minor: bool = False) -> Iterator[Change]:
    """Yield the leaves that differ, each under its way through mappings and lists."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _fields(subject, old.get(key), new.get(key), f"{path}.{key}" if path else str(key), minor=minor)
    elif _are_lists_of_mappings(old, new) and len(old) == len(new):  # type: ignore[arg-type]
        for index, (a, b) in enumerate(zip(old, new, strict=True)):  # type: ignore[call-overload]
            yield from _fields(subject, a, b, f"{path}[{index}]", minor=minor)
    else:
        minor = minor or "template " in f"{old}{new}"
        yield from field("routes", subject, path, (_said(old), _said(new)), minor=minor)


def _are_lists_of_mappings(*values: object) -> bool:
    return all(
        isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value) for value in values
    )


def _routes(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every route below the top under its matchers and receiver; the tree is told by the joined matchers."""
    found: dict[str, dict[str, Any]] = {}

    def walk(route: Mapping[str, Any], above: tuple[str, ...], receiver: str) -> None:
        for child in route.get("routes") or []:
            matchers = (*above, *(str(matcher) for matcher in child.get("matchers") or []))
            name = child.get("receiver", receiver)
            key = f"{' and '.join(matchers) or 'any alert'} → {name}"
            found[key] = {"continue": bool(child.get("continue"))} | {
                what: child[what] for what in _TIMING if what in child
            }
            walk(child, matchers, name)

    route = config.get("route") or {}
    walk(route, (), str(route.get("receiver")))
    return found


def _inhibitions(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(rule.get("name") or json.dumps(rule, sort_keys=True)): rule for rule in config.get("inhibit_rules") or []
    }


def _matches(matcher: str, labels: Mapping[str, str]) -> bool:
    parts = _MATCHER.match(matcher)
    if not parts:
        return False
    name, operator, wanted = parts.groups()
    value = labels.get(name, "")
    met = value == wanted if operator in {"=", "!="} else re.fullmatch(wanted, value) is not None
    return met is not operator.startswith("!")


def _said(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(_said(item) for item in value) or "none"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)
