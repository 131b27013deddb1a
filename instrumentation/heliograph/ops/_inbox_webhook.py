"""Alertmanager's webhook (version 4 of its body) into the inbox.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["BadWebhookError", "parse_webhook"]


class BadWebhookError(ValueError):
    """The body is not what Alertmanager sends."""


def parse_webhook(data: bytes) -> dict[str, Any]:
    """Return the message that a call is; raises BadWebhookError."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadWebhookError(f"not JSON: {error}") from None
    if not isinstance(body, dict) or not isinstance(body.get("alerts"), list):
        raise BadWebhookError("no list named 'alerts'")
    alerts = [_alert(alert) for alert in body["alerts"]]
    status = str(body.get("status", ""))
    names = sorted({alert["alertname"] for alert in alerts})
    return {
        "channel": "webhook",
        "status": status,
        "subject": f"[{status.upper()}:{len(alerts)}] {', '.join(names)}",
        "receiver": str(body.get("receiver", "")),
        "alerts": alerts,
        "body": json.dumps(body, indent=2),
    }


def _alert(alert: object) -> dict[str, Any]:
    if not isinstance(alert, dict) or not isinstance(alert.get("labels"), dict):
        raise BadWebhookError("an alert without labels")
    labels = {str(name): str(value) for name, value in alert["labels"].items()}
    annotations = alert.get("annotations") or {}
    if not isinstance(annotations, dict):
        raise BadWebhookError("an alert whose annotations are no object")
    return {
        "alertname": labels.get("alertname", ""),
        "severity": labels.get("severity", ""),
        "status": str(alert.get("status", "")),
        "labels": labels,
        "annotations": {str(name): str(value) for name, value in annotations.items()},
        "starts_at": str(alert.get("startsAt", "")),
        "ends_at": str(alert.get("endsAt", "")),
        "fingerprint": str(alert.get("fingerprint", "")),
    }
