"""From what was seen of a fault to a verdict. Pure: no clock, no server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.demo._alerts import AlertStory
    from heliograph.drill._faults import Drill, Expected, Fault

__all__ = ["CALM", "Finding", "Seen", "Verdict", "judge", "judge_calm"]

CALM = "calm"
"""The name of the time without a fault."""

_SEVERITIES = ("warning", "critical")


@dataclass(frozen=True)
class Seen:
    """What was seen of one fault; times are Unix times in seconds."""

    injected: float
    stories: list[AlertStory]
    """The alerts that fired or arrived; pending ones are not of interest."""
    healed: float | None = None
    quiet: float | None = None
    """Everything was over; None: not in time."""
    error: str = ""
    """What went wrong with the drill itself."""


@dataclass(frozen=True)
class Finding:
    """One thing that was not as it must be.

    missed: it did not fire. untold: it fired, and a receiver did not hear of it. late: later than agreed. misrouted: at
    a receiver that is not for it. false alarm: nobody expected it. unforeseen: it fired, unheard, and the expectations
    do not know of it. unresolved: not over in time. error: the drill could not do its work.
    """

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True)
class Verdict:
    """One fault's row of the table."""

    name: str
    what: str
    expected: list[str]
    seen: Seen
    findings: list[Finding] = field(default_factory=list)
    slowest: float | None = None
    """Seconds from the end of `for` until the last receiver of the slowest expected alert heard of it."""

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        return not self.findings

    @property
    def told(self) -> list[AlertStory]:
        """The alerts that anyone heard of, in the order of their first message."""
        return sorted((s for s in self.seen.stories if s.told), key=lambda s: min(s.arrived.values()))


def judge_calm(seen: Seen) -> Verdict:
    """Judge a time without a fault: nothing may fire, nothing may arrive."""
    findings = [Finding("false alarm", f"{_name(story)} ({_where(story)})") for story in seen.stories]
    return Verdict(CALM, "Nothing is broken.", [], seen, _with_error(findings, seen))


def judge(fault: Fault, seen: Seen, drill: Drill) -> Verdict:
    """Judge one fault."""
    findings: list[Finding] = []
    delays: list[float] = []
    for expected in fault.notify:
        found = [story for story in seen.stories if expected.fits(story)]
        if not found:
            findings.append(Finding("missed", str(expected)))
        for story in found:
            findings.extend(_delivery(expected, story, drill, delays))
    for story in seen.stories:
        findings.extend(_unexpected(story, fault, drill))
    if seen.quiet is None and not seen.error:
        findings.append(Finding("unresolved", _not_over(seen, fault)))
    expected_names = [str(expected) for expected in fault.notify]
    slowest = max(delays, default=None)
    return Verdict(fault.name, fault.what, expected_names, seen, _with_error(findings, seen), slowest)


def _delivery(expected: Expected, story: AlertStory, drill: Drill, delays: list[float]) -> list[Finding]:
    """Judge an alert that must arrive."""
    findings = []
    due = story.due
    for receiver in _receivers(expected, story, drill):
        if receiver not in story.arrived:
            held = ", held back by Alertmanager" if story.silenced else ""
            findings.append(Finding("untold", f"{_name(story)} at {receiver}{held}"))
        elif due is not None:
            delay = story.arrived[receiver] - due
            delays.append(delay)
            if delay > drill.at_most:
                findings.append(Finding("late", f"{_name(story)} at {receiver}: {delay:.0f} s after it was due"))
    return findings


def _unexpected(story: AlertStory, fault: Fault, drill: Drill) -> list[Finding]:
    """Judge any alert: was it foreseen, and did it go where it should go, and nowhere else."""
    listed = next((e for e in [*fault.notify, *fault.may] if e.fits(story)), None)
    if listed is None and _on_the_way(story, fault):
        listed = next(e for e in fault.notify if e.alert == story.name)
    if story.told and listed is None:
        return [Finding("false alarm", f"{_name(story)} ({_where(story)})")]
    if not story.told:
        foreseen = listed is not None or any(e.fits(story) for e in fault.silenced)
        return [] if foreseen else [Finding("unforeseen", f"{_name(story)} fired, and nobody heard of it")]
    allowed = {*drill.receivers.get(_severity(story), []), *((listed.receivers or []) if listed else [])}
    return [Finding("misrouted", f"{_name(story)} at {r}") for r in sorted(story.arrived) if r not in allowed]


def _on_the_way(story: AlertStory, fault: Fault) -> bool:
    """Say whether it is the lower degree of an expected alert.

    While a window fills or drains, the value passes it, and the higher degree is not there to silence it.
    """
    return story.severity == _SEVERITIES[0] and any(
        e.alert == story.name and e.severity == _SEVERITIES[1] for e in fault.notify
    )


def _receivers(expected: Expected, story: AlertStory, drill: Drill) -> list[str]:
    return drill.receivers[_severity(story)] if expected.receivers is None else expected.receivers


def _severity(story: AlertStory) -> str:
    return "critical" if story.severity == "critical" else "warning"


def _not_over(seen: Seen, fault: Fault) -> str:
    firing = [_name(s) for s in seen.stories if s.firing and s.ended is None]
    unheard = [f"{_name(s)} at {r}" for s in seen.stories for r in s.arrived if r not in s.over]
    parts = ["still firing: " + ", ".join(firing)] if firing else []
    parts += ["nobody said that it is over: " + ", ".join(unheard)] if unheard and not firing else []
    return f"{fault.over_within:.0f} s after the healing; " + (
        "; ".join(parts) or "an alert is pending, or the application does not answer"
    )


def _with_error(findings: list[Finding], seen: Seen) -> list[Finding]:
    return [*findings, *([Finding("error", seen.error)] if seen.error else [])]


def _name(story: AlertStory) -> str:
    return " ".join(filter(None, (story.name, story.severity, story.job)))


def _where(story: AlertStory) -> str:
    return "at " + ", ".join(sorted(story.arrived)) if story.arrived else "fired"
