"""What a message that arrived says: which alert, and whether it fires or is over.

Slack and text messages are words for people. They are read as a person reads them: the first word that is an alert's
name, and RESOLVED where it is over. The severity is that of the receiver, since each has one of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["Arrival", "from_words"]

_ALERT = re.compile(r"\b(?:[A-Z][a-z]+|[A-Z]{2,}(?=[A-Z][a-z]))(?:[A-Z][A-Za-z0-9]+)+\b")
_RESOLVED = re.compile(r"\bRESOLVED\b")


@dataclass(frozen=True)
class Arrival:
    """One message at one receiver, in the shape that `demo._alerts.Watch` reads."""

    receiver: str
    status: str
    """`firing` or `resolved`."""
    alerts: list[dict[str, str]]
    """alertname, severity and (where the message says it) job."""
    at: float
    """Unix time in seconds."""
    text: str = ""

    def as_message(self) -> dict[str, Any]:
        """Return it as the inbox lists its messages."""
        received_at = datetime.fromtimestamp(self.at, UTC).isoformat()
        return {
            "channel": self.receiver,
            "status": self.status,
            "received_at": received_at,
            "alerts": self.alerts,
            "text": self.text,
        }


def from_words(receiver: str, text: str, *, at: float) -> Arrival:
    """Return the arrival that a message in words is; it is about no alert where none is named."""
    found = _ALERT.search(text)
    status = "resolved" if _RESOLVED.search(text) else "firing"
    severity = "critical" if receiver.endswith("critical") else "warning"
    alerts = [{"alertname": found[0], "severity": severity}] if found else []
    return Arrival(receiver, status, alerts, at, text)
