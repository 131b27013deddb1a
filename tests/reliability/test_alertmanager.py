"""Alertmanager is killed, or away: alerts are delivered all the same, and silences live on."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from heliograph.ops._inbox_client import InboxClient

from ._faults import away, back
from ._scale import SCALE

if TYPE_CHECKING:
    from heliograph.stack import Stack

MAINTENANCE = 31.0
"""Seconds after which a silence is on disk: --data.maintenance-interval=30s."""
DOWN = 600.0 if SCALE.long else 8.0
TOLD_WITHIN = 90.0 if SCALE.long else 180.0
"""Seconds from its return to the notification; in the short form what must hold for a while first has not held yet."""


def ask(stack: Stack, path: str, body: Any = None) -> Any:
    """Speak to Alertmanager's API."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(
        f"http://127.0.0.1:{stack.ports.alertmanager}/api/v2/{path}", data, {"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def silence(stack: Stack) -> str:
    now = datetime.now(UTC)
    made = ask(
        stack,
        "silences",
        {
            "matchers": [{"name": "alertname", "value": "NoSuchAlert", "isRegex": False}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "tests/reliability",
            "comment": "survives a kill",
        },
    )
    return str(made["silenceID"])


def test_a_silence_survives_a_kill_and_watchdog_comes_back(stack: Stack) -> None:
    made = silence(stack)
    time.sleep(MAINTENANCE)
    begun = time.monotonic()
    away(stack, ["alertmanager"])
    time.sleep(DOWN)
    back(stack, ["alertmanager"])
    assert made in {entry["id"] for entry in ask(stack, "silences")}
    assert time.monotonic() - begun >= DOWN
    end = time.monotonic() + 90  # Prometheus sends what fires once a minute
    while not [alert for alert in ask(stack, "alerts") if alert["labels"]["alertname"] == "Watchdog"]:
        assert time.monotonic() < end, "what fires did not come back"
        time.sleep(1)


def test_what_begins_to_fire_meanwhile_is_told_when_alertmanager_is_back(stack: Stack) -> None:
    inbox = InboxClient(stack.urls["inbox"])
    away(stack, ["alertmanager"])
    away(stack, ["jaeger"])  # ServiceDown
    try:
        time.sleep(DOWN)
        told = {message["id"] for message in inbox.messages()}
        back(stack, ["alertmanager"])
        end = time.monotonic() + TOLD_WITHIN
        while not any(about_jaeger(message) for message in inbox.messages() if message["id"] not in told):
            assert time.monotonic() < end, "nobody was told"
            time.sleep(1)
    finally:
        back(stack, ["alertmanager", "jaeger"])


def about_jaeger(message: Any) -> bool:
    return message["status"] == "firing" and any(
        alert.get("alertname") == "ServiceDown" and alert.get("job") == "jaeger" for alert in message["alerts"]
    )
