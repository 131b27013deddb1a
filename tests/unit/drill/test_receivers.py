"""What stands for the outside world: messages as Alertmanager sends them, by the protocols it speaks."""

from __future__ import annotations

import json
import smtplib
import time
import urllib.error
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.drill._arrival import Arrival, from_words
from heliograph.drill._receivers import DEADMAN, Receivers

if TYPE_CHECKING:
    from collections.abc import Iterator


class Outside:
    """The receivers, and how Alertmanager reaches them."""

    def __init__(self, receivers: Receivers, folder: Path) -> None:
        self.receivers = receivers
        self.channels = receivers.overlay(folder)

    def post(self, receiver: str, body: object) -> None:
        tier = receiver.split("-")
        section = self.channels[tier[0]]
        section = section.get(tier[-1], section) if len(tier) > 1 else section
        url = Path(section.get("webhook_url_file") or section["url_file"]).read_text()
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()

    def mail(self, to: str, **headers: str) -> None:
        message = EmailMessage()
        message["Subject"] = "[P2 CRITICAL] HighLLMErrorRate shop (prod): 40 %"
        for name, value in headers.items():
            message[f"X-Heliograph-{name.title()}"] = value
        message.set_content("text")
        host, port = self.channels["email"]["smarthost"].split(":")
        with smtplib.SMTP(host, int(port), timeout=5) as relay:
            relay.send_message(message, from_addr="heliograph@example.com", to_addrs=[to])

    def seen(self) -> list[tuple[str, str, list[dict[str, str]]]]:
        return [(a.receiver, a.status, a.alerts) for a in self.receivers.arrivals()]


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with Receivers(beats=0.4) as receivers:
        yield Outside(receivers, tmp_path)


def slack(title: str) -> dict[str, Any]:
    return {"channel": "#team-alerts", "attachments": [{"title": title, "text": "…", "color": "danger"}]}


def test_slack_shows_a_title(outside: Outside) -> None:
    outside.post("slack-critical", slack("[P2 CRITICAL] HighLLMErrorRate shop (prod) gpt-4o: 40 %"))
    outside.post("slack-warning", slack("[RESOLVED] HighQueryErrorRate shop (prod): 3 alerts"))
    assert outside.seen() == [
        ("slack-critical", "firing", [{"alertname": "HighLLMErrorRate", "severity": "critical"}]),
        ("slack-warning", "resolved", [{"alertname": "HighQueryErrorRate", "severity": "warning"}]),
    ]


def test_the_gateway_takes_text_messages(outside: Outside) -> None:
    outside.post(
        "sms-critical", {"to": ["+491701234567"], "text": "P1 CRITICAL ServiceDown down loki http://x/runbooks"}
    )
    assert outside.seen() == [("sms-critical", "firing", [{"alertname": "ServiceDown", "severity": "critical"}])]


def test_mails_are_told_apart_by_whom_they_are_to(outside: Outside) -> None:
    headers = {"alert": "HighLLMErrorRate", "severity": "critical", "job": "shop", "status": "firing"}
    (on_call,) = outside.channels["email"]["critical"]
    (team,) = outside.channels["email"]["warning"]
    outside.mail(on_call, **headers)
    outside.mail(team, **headers | {"severity": "warning", "status": "resolved"})
    outside.mail("nobody@example.com", **headers)
    alert = {"alertname": "HighLLMErrorRate", "job": "shop"}
    assert outside.seen() == [
        ("email-critical", "firing", [alert | {"severity": "critical"}]),
        ("email-warning", "resolved", [alert | {"severity": "warning"}]),
    ]


def test_a_channel_refuses_until_it_is_told_to_accept(outside: Outside) -> None:
    outside.receivers.refuse("slack-critical", 403)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        outside.post("slack-critical", slack("[P2 CRITICAL] HighLLMErrorRate"))
    assert outside.seen() == []
    outside.receivers.accept("slack-critical")
    outside.post("slack-critical", slack("[P2 CRITICAL] HighLLMErrorRate"))
    assert len(outside.seen()) == 1


def _wait(outside: Outside, count: int) -> list[str]:
    deadline = time.monotonic() + 10
    while len(outside.seen()) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return [status for _, status, _ in outside.seen()]


def test_the_dead_man_watch_pages_once_when_the_beats_stop_and_says_when_they_are_back(outside: Outside) -> None:
    time.sleep(1.2)
    assert outside.seen() == []  # it has never heard of anyone
    outside.post(DEADMAN, {"alerts": []})
    assert _wait(outside, 1) == ["firing"]
    time.sleep(1.2)
    assert len(outside.seen()) == 1
    outside.post(DEADMAN, {"alerts": []})
    assert _wait(outside, 2)[:2] == ["firing", "resolved"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[P2 CRITICAL] HighLLMErrorRate shop", "HighLLMErrorRate"),
        ("P2 CRITICAL ServiceDown down", "ServiceDown"),
        ("RESOLVED TelemetryLost 3 alerts", "TelemetryLost"),
        ("[P3 WARNING] UnpricedModel (prod)", "UnpricedModel"),
        ("Hello", None),
    ],
)
def test_the_name_of_an_alert_is_found_among_words(text: str, name: str | None) -> None:
    assert [alert["alertname"] for alert in from_words("sms-critical", text, at=0).alerts] == ([name] if name else [])


def test_an_arrival_is_a_message_as_the_inbox_lists_it() -> None:
    message = Arrival("slack-critical", "firing", [{"alertname": "A"}], 1_763_719_200.5, "words").as_message()
    assert message == {
        "channel": "slack-critical",
        "status": "firing",
        "received_at": "2025-11-21T10:00:00.500000+00:00",
        "alerts": [{"alertname": "A"}],
        "text": "words",
    }
