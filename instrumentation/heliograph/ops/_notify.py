"""Try a channel: one alert of our own through Alertmanager, followed until the other side has taken it.

`alertmanager/routing.libsonnet` sends the alert HeliographNotifyTest to the receivers of the channel that its label
`channel` names, at once and to nobody else. Whether it arrived is read in the inbox itself; for a channel elsewhere
Alertmanager's counters are all there is. They are kept for each receiver, not for each alert: a real alert that goes
out by the same receiver within the same second or two is counted with it.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import socket
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from heliograph.ops._alertmanager import Alertmanager, Deliveries
    from heliograph.ops._inbox_client import InboxClient

__all__ = ["CHANNELS", "Delivered", "Trial"]

_KINDS = ("discord", "email", "msteams", "opsgenie", "pagerduty", "slack", "telegram", "webhook")
CHANNELS = tuple(
    sorted(
        ["deadman", "inbox", "sms", *_KINDS, *(f"{kind}-{tier}" for kind in _KINDS for tier in ("critical", "warning"))]
    )
)
"""Channels, and single receivers of those that have one for each severity."""

_POLL_SECONDS = 0.25
_REASONS = {
    "authError": "the other side does not accept the secret",
    "clientError": "the other side refused it: a wrong address, a wrong secret, or a room that does not exist",
    "contextDeadlineExceeded": "the other side gave no usable answer in time",
    "rateLimited": "the other side takes no more for now",
    "serverError": "the other side has a fault of its own",
}


@dataclass(frozen=True)
class Delivered:
    """A trial that went well."""

    channel: str
    run: str
    """Stands in the message, so that a person can tell one trial from another."""
    receivers: list[str]
    seconds: float
    """From handing the alert to Alertmanager to the last delivery."""
    deliveries: dict[str, int] = field(default_factory=dict)
    """Messages by integration: {"email": 1, "webhook": 1} for the inbox."""


class Trial:
    """One test of one channel; `hint` says where Alertmanager's own log can be read.

    `of` names whose it is, where it is not everybody's: ("team", "search") or ("tenant", "acme").

    Raises HeliographError when the channel is off, when an inbox that is asked for is not there, and from `run` when
    Alertmanager gives up or the delivery takes too long.
    """

    def __init__(
        self,
        channel: str,
        server: Alertmanager,
        inbox: InboxClient,
        *,
        of: tuple[str, str] | None = None,
        hint: str = "",
    ) -> None:
        self._channel = channel
        self._of = dict([of]) if of else {}
        self._server = server
        self._inbox = inbox
        self._hint = hint
        wanted = _receivers(channel, of)
        found = {name: uses for name, uses in server.receivers().items() if name in wanted}
        if not found:
            raise HeliographError(
                f"The channel {channel}{' of {} {}'.format(*of) if of else ''} is off.",
                why=f"{server.url} runs with a configuration that has no receiver for it",
                hint=f"set {_setting(channel, of)}, and start the stack with it",
                exit_code=2,
            )
        self.receivers = sorted(found)
        self._expected: Counter[str] = sum(found.values(), Counter())
        self.id = uuid.uuid4().hex[:8]
        if channel == "inbox":
            inbox.messages()  # better now than after the alert is on its way
        self._before = {name: server.deliveries(name, self.receivers) for name in self._expected}

    def run(self, timeout: float) -> Delivered:
        """Send the alert, wait `timeout` seconds for its delivery, and end it again in any case."""
        started = datetime.now(UTC)
        began = time.monotonic()
        alert = {
            "labels": {
                "alertname": "HeliographNotifyTest",
                "channel": self._channel,
                "severity": "info",
                "job": f"test-{self.id}",
                **self._of,
            },
            "annotations": {
                "summary": "A test of this channel.",
                "description": f"Nothing is wrong. {_whoami()} tries the channel {self._channel}, run {self.id}.",
            },
            "startsAt": started.isoformat(),
        }
        self._server.post([alert])
        try:
            while not self._arrived():
                if time.monotonic() - began > timeout:
                    raise self._too_late(timeout)
                time.sleep(_POLL_SECONDS)
        finally:
            # Just after its start: over at once, whatever the time is where Alertmanager runs.
            over = (started + timedelta(milliseconds=1)).isoformat()
            with contextlib.suppress(HeliographError):  # then it ends by itself, after Alertmanager's resolve_timeout
                self._server.post([alert | {"endsAt": over}])
        seconds = round(time.monotonic() - began, 1)
        return Delivered(self._channel, self.id, self.receivers, seconds, dict(self._expected))

    def _arrived(self) -> bool:
        news = self._news()
        for integration, changes in news.items():
            if reasons := sorted(changes.given_up):
                of = "" if self._channel.startswith(integration) else f" by {integration}"
                raise HeliographError(
                    f"Alertmanager could not deliver to {self._channel}{of}.",
                    why=_REASONS.get(reasons[0], f"it gave up: {reasons[0]}"),
                    hint=self._hint,
                )
        if self._channel == "inbox":
            return not self._missing_in_inbox()
        return all(changes.sent >= self._expected[name] for name, changes in news.items())

    def _news(self) -> dict[str, Deliveries]:
        return {name: self._server.deliveries(name, self.receivers).since(old) for name, old in self._before.items()}

    def _missing_in_inbox(self) -> list[str]:
        arrived = {m["channel"] for m in self._inbox.messages() if self.id in json.dumps(m["body"])}
        return sorted({"mail", "webhook"} - arrived)

    def _too_late(self, timeout: float) -> HeliographError:
        return HeliographError(
            f"Not everything reached {self._channel} within {timeout:g} s.",
            why="; ".join(self._reasons()) or "Alertmanager took the alert and has not tried to deliver it",
            hint=self._hint,
        )

    def _reasons(self) -> list[str]:
        """Return what is known about a delivery that did not happen."""
        found = []
        news = self._news()
        if failed := sum(changes.refused for changes in news.values()):
            found.append(f"{failed} attempt{'' if failed == 1 else 's'} failed, and Alertmanager goes on trying")
        if self._channel == "inbox" and (missing := self._missing_in_inbox()):
            found.append(f"missing in the inbox: {', '.join(missing)}")
        return found + [words for alert in self._server.alerts(job=f"test-{self.id}") for words in _held(alert)]


def _receivers(channel: str, of: tuple[str, str] | None) -> set[str]:
    """Return the names that alertmanager/lib/receivers.libsonnet may give to the receivers of a channel."""
    tail = "-{}-{}".format(*of) if of else ""
    return {f"{name}{tail}" for name in (channel, f"{channel}-critical", f"{channel}-warning")}


def _setting(channel: str, of: tuple[str, str] | None) -> str:
    kind = channel.split("-", maxsplit=1)[0]
    if of is None:
        return f"channels.{kind}.enabled: true in heliograph.yaml"
    scope, name = of
    return f"{'teams.channels' if scope == 'team' else 'routing.tenants'}.{name}.{kind} in heliograph.yaml"


def _held(alert: dict[str, Any]) -> list[str]:
    """Return why Alertmanager holds an alert back, if it does (`gettableAlert` of its API v2)."""
    status = alert.get("status") or {}
    kinds = {"silencedBy": "silenced by", "inhibitedBy": "inhibited by", "mutedBy": "muted by"}
    return [f"{words} {', '.join(ids)}" for kind, words in kinds.items() if (ids := status.get(kind))]


def _whoami() -> str:
    """Return who asks, for those who get the message and wonder."""
    try:
        return f"{getpass.getuser()} on {socket.gethostname()}"
    except (OSError, KeyError):  # a container's user without a name
        return f"Somebody on {socket.gethostname()}"
