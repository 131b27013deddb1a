"""Where a drill looks: Prometheus' and Loki's rules, what Alertmanager holds back, what arrived."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any

from heliograph.errors import HeliographError
from heliograph.ops._inbox_client import InboxClient
from heliograph.stack._stores import Loki, Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heliograph.demo._alerts import Watch
    from heliograph.drill._receivers import Receivers
    from heliograph.stack import Ports

__all__ = ["INBOX", "Eyes"]

INBOX = "inbox"
"""The stack's own inbox, as a receiver: mail or webhook, whichever came first."""
_ALWAYS = "Watchdog"
_SECONDS = 3.0


class Eyes:
    """Looks at one stack. A server that is down says nothing, and that is no error: it may be the fault."""

    def __init__(self, ports: Ports, receivers: Receivers) -> None:
        self._stores: tuple[Prometheus | Loki, ...] = (
            Prometheus(f"http://127.0.0.1:{ports.prometheus}", timeout=_SECONDS),
            Loki(f"http://127.0.0.1:{ports.loki}", timeout=_SECONDS),
        )
        self._inbox = InboxClient(f"http://127.0.0.1:{ports.inbox_http}", timeout=_SECONDS)
        self._alertmanager = f"http://127.0.0.1:{ports.alertmanager}"
        self._receivers = receivers

    def look(self, watch: Watch) -> bool:
        """Take in what there is to be seen; return whether both rulers answer, and list nothing pending or firing."""
        with contextlib.suppress(HeliographError, OSError, ValueError):
            watch.suppressed(self._held_back(), time.time())
        rules: list[dict[str, Any]] = []
        answers = 0
        for store in self._stores:
            with contextlib.suppress(HeliographError):
                rules += store.rules()
                answers += 1
        alerts = list(_active(rules))
        if answers:
            watch.look(alerts, time.time())
        watch.read(self._messages())
        return answers == len(self._stores) and not alerts

    def rules(self) -> set[str]:
        """Return the names of every alerting rule that is loaded."""
        return {rule["name"] for store in self._stores for rule in store.rules()}

    def _held_back(self) -> list[dict[str, str]]:
        url = f"{self._alertmanager}/api/v2/alerts?active=false&silenced=true&inhibited=true"
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - always http, built here
            return [alert["labels"] for alert in json.load(answer) if alert["status"]["state"] == "suppressed"]

    def _messages(self) -> list[dict[str, Any]]:
        messages = [arrival.as_message() for arrival in self._receivers.arrivals()]
        with contextlib.suppress(HeliographError):
            messages += [message | {"channel": INBOX} for message in self._inbox.messages()]
        return messages


def _active(rules: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for rule in rules:
        for alert in rule["alerts"]:
            if alert["labels"]["alertname"] != _ALWAYS and alert["state"] != "inactive":
                yield alert | {"hold": float(rule["duration"])}
