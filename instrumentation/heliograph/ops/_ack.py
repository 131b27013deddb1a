"""Acknowledge an alert: a silence with exactly its labels, so that nothing else is silenced, nor a worse tier of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from heliograph.errors import HeliographError
from heliograph.ops._alerts import alerts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.ops._alertmanager import Alertmanager
    from heliograph.ops._alerts import Alert

__all__ = ["Ack", "Wish", "acknowledge", "expire", "listed"]


@dataclass(frozen=True)
class Wish:
    """What somebody wants to acknowledge."""

    alert: str
    match: Mapping[str, str]
    """Labels that it must have, with these values."""

    def fits(self, alert: Alert) -> bool:
        """Say whether this alert is meant."""
        return alert.name == self.alert and all(alert.labels.get(name) == value for name, value in self.match.items())

    @property
    def labels(self) -> dict[str, str]:
        """The labels of an alert that does not fire yet, as far as they are known."""
        return {"alertname": self.alert, **self.match}


@dataclass(frozen=True)
class Ack:
    """One silence."""

    id: str
    labels: Mapping[str, str]
    """What it silences; a matcher that is more than equality stands there with its sign: `=~x`."""
    until: datetime
    by: str
    why: str
    new: bool = True
    """False: it was there before, and lasts long enough."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "id": self.id,
            "labels": dict(self.labels),
            "until": self.until.isoformat(),
            "by": self.by,
            "why": self.why,
            "new": self.new,
        }


def acknowledge(
    server: Alertmanager, wish: Wish, until: datetime, *, by: str, why: str, force: bool = False
) -> list[Ack]:
    """Silence each alert that fires and fits `wish`; return the silences.

    An alert that somebody has silenced for as long is left as it is. Raises HeliographError when none fires, unless
    `force`, which silences what `wish` says for the time when it does.
    """
    held = alerts_of(server)
    meant = [alert for alert in held if wish.fits(alert)]
    if not meant and not force:
        raise _nothing_fires(wish, held)
    there = {ack.id: ack for ack in listed(server)}
    acks = []
    for labels, held_by in [(alert.labels, alert.held_by) for alert in meant] or [(wish.labels, [])]:
        lasting = [there[one] for one in held_by if one in there and there[one].until >= until]
        if lasting:
            acks.append(_again(lasting[0]))
        else:
            acks.append(Ack(server.silence(labels, until, by=by, why=why), labels, until, by, why))
    return acks


def listed(server: Alertmanager) -> list[Ack]:
    """Return the silences that are not over, the next to end first."""
    found = [_from_alertmanager(one) for one in server.silences() if one["status"]["state"] != "expired"]
    return sorted(found, key=lambda ack: ack.until)


def expire(server: Alertmanager, wanted: str) -> Ack:
    """End the silence whose id begins with `wanted`; return it.

    Raises HeliographError when that is none, or several.
    """
    found = [ack for ack in listed(server) if ack.id.startswith(wanted)]
    if len(found) != 1:
        raise HeliographError(
            f"{'No silence has' if not found else f'{len(found)} silences have'} an id that begins with {wanted!r}.",
            hint="heliograph ack --list",
            exit_code=2,
        )
    server.expire(found[0].id)
    return found[0]


def _again(ack: Ack) -> Ack:
    return Ack(ack.id, ack.labels, ack.until, ack.by, ack.why, new=False)


def _nothing_fires(wish: Wish, held: list[Alert]) -> HeliographError:
    same = [alert for alert in held if alert.name == wish.alert]
    where = " with " + ", ".join(f"{n}={v}" for n, v in wish.match.items()) if wish.match else ""
    if same:
        why = f"it fires for {'; '.join(sorted({alert.about for alert in same}))}"
    else:
        names = sorted({alert.name for alert in held if alert.labels.get("severity") != "info"})
        why = f"there fires {', '.join(names)}" if names else "nothing fires"
    return HeliographError(
        f"{wish.alert}{where} does not fire.", why=why, hint="heliograph alerts; --force silences it for when it does"
    )


def _from_alertmanager(found: Mapping[str, Any]) -> Ack:
    labels = {}
    for matcher in found["matchers"]:
        plain = matcher.get("isEqual", True) and not matcher["isRegex"]
        sign = ("=" if matcher.get("isEqual", True) else "!") + ("~" if matcher["isRegex"] else "=")
        labels[matcher["name"]] = matcher["value"] if plain else sign + matcher["value"]
    return Ack(
        str(found["id"]),
        labels,
        datetime.fromisoformat(found["endsAt"]),
        str(found["createdBy"]),
        str(found.get("comment", "")),
    )
