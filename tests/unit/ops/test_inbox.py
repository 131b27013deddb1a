"""The local inbox: mails and webhooks arrive, survive a restart, and hurt nobody who reads them."""

from __future__ import annotations

import json
import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.ops._inbox import Inbox
from heliograph.ops._inbox_client import InboxClient

if TYPE_CHECKING:
    from pathlib import Path

ALERT = {"labels": {"alertname": "HighLLMErrorRate", "severity": "critical", "job": "shop"}, "status": "firing"}
LOOPBACK = ("127.0.0.1", 0)


def post(url: str, body: bytes) -> int:
    request = urllib.request.Request(f"{url}/alerts", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return int(answer.status)


def webhook() -> bytes:
    return json.dumps({"version": "4", "status": "firing", "receiver": "inbox", "alerts": [ALERT]}).encode()


def send(inbox: Any, subject: str, **headers: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("the text")
    with smtplib.SMTP(inbox.smtp[0], inbox.smtp[1], timeout=5) as server:
        server.send_message(mail)


def test_a_webhook_arrives_with_its_alerts(tmp_path: Path) -> None:
    with Inbox(tmp_path, smtp=LOOPBACK, http=LOOPBACK) as inbox:
        assert post(inbox.url, webhook()) == 200
        (message,) = InboxClient(inbox.url).messages()
    assert (message["channel"], message["status"]) == ("webhook", "firing")
    assert message["alerts"][0]["alertname"] == "HighLLMErrorRate"
    assert message["body"]["version"] == "4"


def test_a_resolved_mail_names_its_alert_and_severity(tmp_path: Path) -> None:
    with Inbox(tmp_path, smtp=LOOPBACK, http=LOOPBACK) as inbox:
        named = {"X_Heliograph_Alert": "HighLLMErrorRate", "X_Heliograph_Severity": "critical"}
        send(inbox, "[RESOLVED] HighLLMErrorRate", X_Heliograph_Status="resolved", **named)
        (message,) = InboxClient(inbox.url).messages()
    assert (message["channel"], message["status"]) == ("mail", "resolved")
    assert message["alerts"][0]["severity"] == "critical"
    assert "the text" in message["body"]


def test_messages_survive_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        with Inbox(tmp_path, smtp=LOOPBACK, http=LOOPBACK) as inbox:
            post(inbox.url, webhook())
            count = len(InboxClient(inbox.url).messages())
    assert count == 2


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"alerts": 1}', b""])
def test_what_is_no_webhook_is_refused_and_not_kept(tmp_path: Path, body: bytes) -> None:
    with Inbox(tmp_path, smtp=LOOPBACK, http=LOOPBACK) as inbox:
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(inbox.url, body)
        assert 400 <= refused.value.code < 500
        assert InboxClient(inbox.url).messages() == []


def test_a_hostile_subject_is_text(tmp_path: Path) -> None:
    with Inbox(tmp_path, smtp=LOOPBACK, http=LOOPBACK) as inbox:
        send(inbox, "<script>alert(1)</script>")
        with urllib.request.urlopen(inbox.url, timeout=5) as answer:
            page = answer.read().decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_runbooks_are_served_and_nothing_else(tmp_path: Path) -> None:
    with Inbox(tmp_path, smtp=LOOPBACK, http=LOOPBACK) as inbox:
        with urllib.request.urlopen(f"{inbox.url}/runbooks/HighLLMErrorRate", timeout=5) as answer:
            assert "Mitigation" in answer.read().decode()
        for path in ("..%2f..%2fheliograph", "../../heliograph.yaml", "NoSuchAlert"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{inbox.url}/runbooks/{path}", timeout=5)
            assert refused.value.code in {400, 404}
