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
    job: str = ""
    true: float | None = None
    """The expression became true (the rule's `activeAt`); once it fires, of the alert that fired first."""
    hold: float = 0.0
    """The rule's `for`, in seconds, where it is known."""
    firing: float | None = None
    """Seen firing: the rule's `for` has elapsed."""
    ended: float | None = None
    """Seen no longer firing."""
    silenced: float | None = None
    """Alertmanager held it back, because another alert says the same or somebody has silenced it."""
    arrived: dict[str, float] = field(default_factory=dict)
    """The first message of it, by channel."""
    over: dict[str, float] = field(default_factory=dict)
    """The message that it is over, by channel; a later message that it fires takes it back."""

    @property
    def due(self) -> float | None:
        """When its `for` has elapsed: from here on a message is awaited."""
        return None if self.true is None else self.true + self.hold

    @property
    def told(self) -> bool:
        """Whether anyone has heard of it."""
        return bool(self.arrived)

    @property
    def mailed(self) -> float | None:
        """The message was in the mailbox."""
        return self.arrived.get("mail")

    @property
    def posted(self) -> float | None:
        """The webhook was called."""
        return self.arrived.get("webhook")

    @property
    def resolved(self) -> float | None:
        """The mailbox had the message that it is over."""
        return self.over.get("mail")


@dataclass
class Watch:
    """All alerts since a fault; feed it with what Prometheus and the receivers say, as often as you like."""

    fault: float
    """Unix time in seconds; what happened before is not looked at."""
    _stories: dict[tuple[str, str, str], AlertStory] = field(default_factory=dict)

    @property
    def stories(self) -> list[AlertStory]:
        """The alerts that fired, in the order in which their expressions became true."""
        fired = [story for story in self._stories.values() if story.firing or story.told]
        return sorted(fired, key=lambda story: story.true or story.firing or 0.0)

    @property
    def pending(self) -> list[AlertStory]:
        """The alerts whose expressions were true, for less than their `for`."""
        return [story for story in self._stories.values() if story.true and not story.firing and not story.told]

    def story(self, name: str, severity: str, job: str = "") -> AlertStory:
        """Return the story of one alert, an empty one where nothing has happened yet."""
        return self._stories.setdefault((name, severity, job), AlertStory(name, severity, self.fault, job))

    def look(self, alerts: Iterable[dict[str, Any]], now: float) -> None:
        """Take the alerts that Prometheus (or Loki's ruler) lists at the Unix time `now`.

        An alert may carry the `for` of its rule as `hold`, in seconds.
        """
        firing = set()
        for alert in sorted(alerts, key=lambda alert: moment(alert["activeAt"])):
            story = self._of(alert["labels"])
            true = moment(alert["activeAt"])
            story.true = story.true or true
            story.hold = story.hold or float(alert.get("hold", 0.0))
            if alert["state"] == "firing":
                firing.add(id(story))
                story.ended = None
                if story.firing is None:
                    story.firing, story.true = now, true
                    story.hold = float(alert.get("hold", 0.0))
        for story in self._stories.values():
            if story.firing and story.ended is None and id(story) not in firing:
                story.ended = now

    def suppressed(self, alerts: Iterable[dict[str, str]], now: float) -> None:
        """Take the labels of alerts that Alertmanager holds back."""
        for labels in alerts:
            story = self._of(labels)
            story.silenced = story.silenced or now

    def read(self, messages: Iterable[dict[str, Any]]) -> None:
        """Take the messages that the receivers list, oldest first; each as often as you like."""
        for message in messages:
            when = moment(message["received_at"])
            if when < self.fault:
                continue
            for story in self._about(message["alerts"], str(message.get("text", ""))):
                if message["status"] == "resolved":
                    story.over.setdefault(message["channel"], when)
                    continue
                story.arrived.setdefault(message["channel"], when)
                if when > story.over.get(message["channel"], when):
                    del story.over[message["channel"]]

    def _of(self, labels: dict[str, str]) -> AlertStory:
        return self.story(labels["alertname"], labels.get("severity", ""), labels.get("job", ""))

    def _about(self, alerts: Iterable[dict[str, str]], text: str) -> list[AlertStory]:
        """Return the stories of a message's alerts, each once.

        Words for people have no label `job`: the message is about the jobs that its text names, or else about all.
        """
        found: dict[int, AlertStory] = {}
        words = {word.strip(":,.()") for word in text.split()}
        for alert in alerts:
            if "job" in alert:
                stories = [self._of(alert)]
            else:
                wanted = (alert["alertname"], alert.get("severity", ""))
                stories = [s for s in self._stories.values() if (s.name, s.severity) == wanted and (s.true or s.told)]
                stories = [s for s in stories if s.job and s.job in words] or stories
            for story in stories or [self._of(alert)]:
                found[id(story)] = story
        return list(found.values())
