"""Alerting and recording rules: added, removed, and what changed in those that stay."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heliograph.config.diff._changes import Area, Change, field
from heliograph.config.diff._expressions import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Rule", "compare_rules", "rules_in"]

_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_WORD = re.compile(_DIGITS.pattern + r"|[^0-9]+")
_WORDS = ("summary", "description", "value", "query")


@dataclass(frozen=True)
class Rule:
    """One rule and where it stands."""

    file: str
    group: str
    interval: str
    body: Mapping[str, Any]

    @property
    def area(self) -> Area:
        return "alerts" if "alert" in self.body else "records"

    @property
    def name(self) -> str:
        return str(self.body.get("alert") or self.body.get("record"))

    @property
    def labels(self) -> Mapping[str, str]:
        return self.body.get("labels") or {}

    @property
    def key(self) -> tuple[str, str, str]:
        """Rules of one name in one group are siblings: tiers of an alert, pairs of windows."""
        return self.area, self.name, self.file


def rules_in(files: Mapping[str, Mapping[str, Any]]) -> list[Rule]:
    """Return the rules of parsed rule files."""
    return [
        Rule(file, group["name"], str(group.get("interval", "")), rule)
        for file, content in files.items()
        for group in (content or {}).get("groups") or []
        for rule in group["rules"]
    ]


def compare_rules(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[Change]:
    """Yield what differs between two sets of rules."""
    for key in dict.fromkeys(rule.key for rule in (*old, *new)):
        before, after = ([rule for rule in rules if rule.key == key] for rules in (old, new))
        for a, b in _pairs(before, after):
            if a is None or b is None:
                rule = a or b
                assert rule is not None  # noqa: S101 - one of them is there
                yield Change(
                    rule.area,
                    "added" if a is None else "removed",
                    _subject(rule),
                    new=_short(rule) if a is None else "",
                    old=_short(rule) if b is None else "",
                )
            else:
                yield from _compare(a, b)


def _pairs(before: list[Rule], after: list[Rule]) -> Iterator[tuple[Rule | None, Rule | None]]:
    """Pair siblings: first the equal, then by expression, by labels, by severity, and by place."""
    left, right = list(before), list(after)
    same: tuple[Callable[[Rule, Rule], bool], ...] = (
        lambda a, b: a.body == b.body and a.group == b.group,
        lambda a, b: a.labels == b.labels and _short(a) == _short(b),
        lambda a, b: _short(a) == _short(b),
        lambda a, b: a.labels == b.labels,
        lambda a, b: a.labels.get("severity") == b.labels.get("severity"),
        lambda _a, _b: len(before) == len(after),
    )
    for is_same in same:
        for a in list(left):
            if found := next((b for b in right if is_same(a, b)), None):
                left.remove(a)
                right.remove(found)
                yield a, found
    yield from ((a, None) for a in left)
    yield from ((None, b) for b in right)


def _compare(a: Rule, b: Rule) -> Iterator[Change]:
    subject, area = _subject(a), a.area
    numbers = list(differences(str(a.body["expr"]), str(b.body["expr"])))
    for what, old, new in numbers:
        yield Change(area, "changed", subject, what, old, new)
    for what in ("for", "keep_firing_for"):
        yield from field(area, subject, what, (a.body.get(what, "0s"), b.body.get(what, "0s")))
    for label in sorted({*a.labels, *b.labels}):
        old, new = a.labels.get(label, "none"), b.labels.get(label, "none")
        if old != new:
            note = "an alert that fires now ends, and begins anew" if area == "alerts" else ""
            yield Change(area, "changed", subject, f"label {label}", old, new, note=note)
    yield from field(area, subject, "evaluated every", (a.interval, b.interval))
    if area == "records":  # of alerts nobody sees the group
        yield from field(area, subject, "group", (a.group, b.group))
    words, other = a.body.get("annotations") or {}, b.body.get("annotations") or {}
    for name in sorted({*words, *other}):
        old, new = (str(texts.get(name, "none")) for texts in (words, other))
        if old != new and not (name in _WORDS and _follows(old, new, numbers)):
            yield Change(area, "changed", subject, name, old, new, minor=True)


def _follows(old: str, new: str, numbers: Sequence[tuple[str, str, str]]) -> bool:
    """Whether a text differs only by numbers that the expression differs by."""
    known = [(_DIGITS.findall(a), _DIGITS.findall(b)) for _, a, b in numbers]
    pairs = {pair for before, after in known for pair in zip(before, after, strict=False)}
    words, others = (_WORD.findall(text) for text in (old, new))
    return len(words) == len(others) and all(a == b or (a, b) in pairs for a, b in zip(words, others, strict=True))


def _subject(rule: Rule) -> str:
    """Name a rule, with what tells it from its siblings."""
    telling = ("severity", "level", "slo", "budget", "kind", "window")
    labels = [rule.labels[name] for name in telling if name in rule.labels]
    return f"{rule.name} ({', '.join(labels)})" if labels else rule.name


def _short(rule: Rule) -> str:
    return " ".join(str(rule.body["expr"]).split())
