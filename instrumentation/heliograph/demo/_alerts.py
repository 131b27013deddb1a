"""Follow alerts from the fault to the notification and to their end, with the times that a person would ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AlertStory", "Watch", "moment"]


def moment(stamp: str) -> float:
    """Return the Unix time, in seconds, of an RFC 3339 time stamp (nanoseconds are cut to microseconds)."""
    return datetime.fromisoformat(stamp).timestamp()


@dataclass
class AlertStory:
    """When what happened to one alert; every time is Unix time in seconds, None where it has not happened.

    An alert that fires for several models is one story: the first time of each counts, as Alertmanager groups them.
    """

    name: str
    severity: str
    fault: float
    """The fault was injected."""
    true: float | None = None
    """The expression was true for the first time (Prometheus' `activeAt`)."""
    firing: float | None = None
    """Seen firing: the rule's `for` has elapsed."""
    mailed: float | None = None
    """The message was in the mailbox."""
    posted: float | None = None
    """The webhook was called."""
    resolved: float | None = None
    """The mailbox had the message that it is over."""


@dataclass
class Watch:
    """All alerts since a fault; feed it with what Prometheus and the inbox say, as often as you like."""

    fault: float
    """Unix time in seconds; what happened before is not looked at."""
    _stories: dict[tuple[str, str], AlertStory] = field(default_factory=dict)

    @property
    def stories(self) -> list[AlertStory]:
        """The alerts that fired, in the order in which their expressions became true."""
        fired = [story for story in self._stories.values() if story.firing or story.mailed or story.posted]
        return sorted(fired, key=lambda story: story.true or story.firing or 0.0)

    def story(self, name: str, severity: str) -> AlertStory:
        """Return the story of one alert, an empty one where nothing has happened yet."""
        return self._stories.setdefault((name, severity), AlertStory(name, severity, self.fault))

    def look(self, alerts: Iterable[dict[str, Any]], now: float) -> None:
        """Take the alerts that Prometheus lists at the Unix time `now`."""
        for alert in alerts:
            story = self.story(alert["labels"]["alertname"], alert["labels"].get("severity", ""))
            story.true = story.true or moment(alert["activeAt"])
            if alert["state"] == "firing":
                story.firing = story.firing or now

    def read(self, messages: Iterable[dict[str, Any]]) -> None:
        """Take the messages that the inbox lists."""
        for message in messages:
            when = moment(message["received_at"])
            if when < self.fault:
                continue
            for name, severity in {(a["alertname"], a.get("severity", "")) for a in message["alerts"]}:
                story = self.story(name, severity)
                if message["status"] == "resolved":
                    if message["channel"] == "mail":
                        story.resolved = story.resolved or when
                elif message["channel"] == "mail":
                    story.mailed = story.mailed or when
                else:
                    story.posted = story.posted or when
