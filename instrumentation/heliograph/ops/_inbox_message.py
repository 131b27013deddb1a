"""One message of the inbox, and how an Alertmanager webhook becomes one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Message", "from_webhook", "known_status"]

_STATUSES = frozenset({"firing", "resolved"})
# Labels that a subject names with a word: label → word.
_ABOUT = {"chain": "chain", "tenant": "tenant", "user_id": "user", "budget": "budget", "slo": "slo"}


@dataclass(frozen=True)
class Message:
    """What arrived, in the shape of `GET /api/messages` and of a line in the store."""

    channel: str
    """`mail` or `webhook`."""
    status: str
    """`firing`, `resolved`, or "" where the message does not say."""
    subject: str
    body: Any
    """A mail's plain text; a webhook's JSON object."""
    alerts: list[dict[str, str]] = field(default_factory=list)
    """The labels of each alert, and its own `status`."""
    html: str = ""
    """A mail's other half."""
    sender: str = ""
    """A mail's envelope sender; the address of the Alertmanager that called the webhook."""
    to: list[str] = field(default_factory=list)
    """A mail's envelope recipients; the receiver that the webhook was called for."""
    id: int = 0
    """Given by the store, rising."""
    received_at: str = ""
    """ISO 8601, UTC, milliseconds, `Z`; given by the store."""

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Message:
        """Return the message of a stored line; raises KeyError or TypeError when it is none.

        Fields that a newer version has added are left out.
        """
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        if not isinstance(values["id"], int) or not isinstance(values["received_at"], str):
            raise TypeError("a stored message has a number and a time")
        return cls(**known)

    def as_dict(self) -> dict[str, Any]:
        """Return the message for JSON."""
        values = asdict(self)
        return {"id": values.pop("id"), "received_at": values.pop("received_at"), **values}


def from_webhook(content: bytes) -> Message:
    """Return the message of an Alertmanager webhook (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).

    Raises ValueError, with words for the sender, when `content` is something else.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - one kind of error for the caller
    listed = body.get("alerts")
    if not isinstance(listed, list) or not all(_is_alert(alert) for alert in listed):
        raise ValueError('"alerts" is not a list of objects with "labels"')
    status = known_status(body.get("status"))
    alerts = [{**_texts(alert["labels"]), "status": known_status(alert.get("status")) or status} for alert in listed]
    return Message(
        channel="webhook",
        status=status,
        subject=_subject(status, alerts, [_texts(alert.get("annotations")) for alert in listed]),
        body=body,
        alerts=alerts,
        sender=str(body.get("externalURL") or ""),
        to=[str(body["receiver"])] if body.get("receiver") else [],
    )


def known_status(value: object) -> str:
    """Return `firing` or `resolved` as such, and "" for anything else."""
    text = str(value).strip().lower()
    return text if text in _STATUSES else ""


def _is_alert(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("labels"), dict)


def _texts(values: object) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()} if isinstance(values, dict) else {}


def _subject(status: str, alerts: list[dict[str, str]], annotations: list[dict[str, str]]) -> str:
    """Return what a mail about the same alerts is called (`heliograph.subject.in` in the templates)."""
    first = alerts[0] if alerts else {}
    common = {name: value for name, value in first.items() if all(alert.get(name) == value for alert in alerts)}
    level = common.get("level") or min((found for alert in alerts if (found := alert.get("level"))), default="")
    tier = " ".join(filter(None, (level, common.get("severity", "").upper())))
    state = tier if status == "firing" and tier else status.upper()
    environment = common.get("deployment_environment_name", "")
    words = [
        f"[{state}]" if state else "",
        common.get("alertname", ""),
        common.get("job") or common.get("provider", ""),
        f"({environment})" if environment else "",
        common.get("model", ""),
        *(f"{word} {common[name]}" for name, word in _ABOUT.items() if common.get(name)),
    ]
    value = annotations[0].get("value", "") if len(alerts) == 1 else f"{len(alerts)} alerts"
    return " ".join((" ".join(filter(None, words)) + (f": {value}" if value else "")).split())
