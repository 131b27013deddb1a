"""What fires, what is about to, and what is held back: Alertmanager's alerts, and the rulers' pending ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from heliograph.secure._access import open_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heliograph.ops._alertmanager import Alertmanager

__all__ = ["Alert", "alerts_of", "pending_of"]

_NOBODY = "nobody"  # the receiver of routing.libsonnet that tells no one
_HELD = (("silencedBy", "silenced"), ("inhibitedBy", "inhibited"), ("mutedBy", "muted"))
_LEVELS = ("P1", "P2", "P3", "P4", "")
_STATES = ("firing", "pending", "silenced", "inhibited", "muted")
_SHOWN = frozenset({"alertname", "severity", "level", "team", "job", "deployment_environment_name"})


@dataclass(frozen=True)
class Alert:
    """One alert, wherever it was found."""

    name: str
    state: str
    """firing, pending (true, but not for long enough), silenced, inhibited (its cause is told), muted (by the time)."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: datetime
    receivers: list[str] = field(default_factory=list)
    """Whom it is, or would be, sent to."""
    held_by: list[str] = field(default_factory=list)
    """Ids of silences, fingerprints of its causes, or names of times."""

    @property
    def about(self) -> str:
        """Return the labels that say what it is about, in the words of a message's subject."""
        environment = self.labels.get("deployment_environment_name", "")
        words = [self.labels.get("job", ""), f"({environment})" if environment else ""]
        words += [f"{name}={value}" for name, value in sorted(self.labels.items()) if name not in _SHOWN]
        return " ".join(filter(None, words))

    def as_dict(self) -> dict[str, Any]:
        """Return the alert for JSON."""
        return {
            "alert": self.name,
            "state": self.state,
            "severity": self.labels.get("severity", ""),
            "level": self.labels.get("level", ""),
            "team": self.labels.get("team", ""),
            "value": self.annotations.get("value", ""),
            "since": self.since.isoformat(),
            "receivers": self.receivers,
            "held_by": self.held_by,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
        }

    def order(self) -> tuple[int, int, datetime]:
        """Return a key that puts first what someone must act on first."""
        level = self.labels.get("level", "")
        return _STATES.index(self.state), _LEVELS.index(level) if level in _LEVELS else len(_LEVELS), self.since


def alerts_of(server: Alertmanager) -> list[Alert]:
    """Return what Alertmanager holds, silenced and inhibited ones too; raises HeliographError without an answer."""
    return sorted((_from_alertmanager(found) for found in server.alerts()), key=Alert.order)


def pending_of(url: str, known: Iterable[Alert], timeout: float = 5.0) -> list[Alert] | None:
    """Return the pending alerts of a ruler (`GET /api/v1/alerts` below `url`), except `known` ones; None: no answer."""
    try:
        with open_url(f"{url}/api/v1/alerts", timeout=timeout) as answer:
            listed = json.load(answer)["data"]["alerts"]
        firing = [alert.labels for alert in known]
        found = [
            Alert(
                name=str(one["labels"]["alertname"]),
                state="pending",
                labels=one["labels"],
                annotations=one.get("annotations") or {},
                since=_time(one["activeAt"]),
            )
            for one in listed
            if one["state"] == "pending" and one["labels"] not in firing
        ]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    return sorted(found, key=Alert.order)


def _from_alertmanager(found: Mapping[str, Any]) -> Alert:
    status = found.get("status") or {}
    held = [(state, ids) for key, state in _HELD if (ids := status.get(key))]
    names = [str(one["name"]) for one in found.get("receivers") or ()]
    return Alert(
        name=str(found["labels"].get("alertname", "")),
        state=held[0][0] if held else "firing",
        labels=found["labels"],
        annotations=found.get("annotations") or {},
        since=_time(found["startsAt"]),
        receivers=sorted(set(names) - {_NOBODY}),
        held_by=[str(one) for _, ids in held for one in ids],
    )


def _time(text: str) -> datetime:
    """Return a time of Go's, which may have nine digits behind the point; raises ValueError for none."""
    return datetime.fromisoformat(text).astimezone(UTC)
