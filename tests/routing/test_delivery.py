"""What really arrives: the real Alertmanager, and receivers of our own on loopback.

amtool can say where an alert is routed, but not what a gateway is sent. (What silences what: test_inhibition.py.)
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import ExitStack
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from heliograph.ops._inbox_message import from_webhook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

pytestmark = pytest.mark.stack

# The long form has the shipped intervals, and a receiver that is ill for as long as the contract says.
LONG = os.environ.get("HELIOGRAPH_RELIABILITY") == "long"
ILL, PATIENCE = (300.0, 60.0) if LONG else (0.0, 15.0)
RESEND = 30.0
"""Seconds between two tellings of what still fires; Prometheus tells every minute, and what is not repeated ends."""


class _Receiver(ThreadingHTTPServer):
    """Stands for Slack, the text message gateway and the inbox's webhook; each has a path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrived: list[tuple[str, dict[str, Any]]] = []
        self.ill: set[str] = set()
        """Paths that answer 500."""
        self.refused: list[str] = []
        self.mails: list[EmailMessage] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"

    async def handle_DATA(self, *args: Any) -> str:  # noqa: N802
        """Take a mail; the name is aiosmtpd's."""
        self.mails.append(message_from_bytes(args[-1].content, policy=default))
        return "250 OK"

    def of(self, path: str) -> list[dict[str, Any]]:
        return [body for where, body in self.arrived if where == path]


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.strip("/")
        if path in self.server.ill:
            self.server.refused.append(path)
            self.send_error(500)
            return
        self.server.arrived.append((path, body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


class _Alertmanager:
    """The running Alertmanager and what it was told to send to."""

    def __init__(self, server: Any, receiver: _Receiver) -> None:
        self.server = server
        self.receiver = receiver

    def post(self, *alerts: dict[str, str], annotations: dict[str, str] | None = None) -> None:
        self.server.post(*alerts, annotations=annotations)

    def end(self, *alerts: dict[str, str]) -> None:
        self.server.end(*alerts)

    def wait(self, path: str, count: int = 1) -> list[dict[str, Any]]:
        """Return what arrived at `path` once there are `count`, and nothing more came for a moment."""
        deadline = time.monotonic() + PATIENCE
        while len(self.receiver.of(path)) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)  # longer than group_interval: whatever should not come would have come
        return self.receiver.of(path)


@pytest.fixture
def alertmanager(run_alertmanager: Any, tmp_path: Path) -> Iterator[_Alertmanager]:
    """Run Alertmanager with the inbox, Slack and a text message gateway on."""
    with ExitStack() as stack:
        receiver = _Receiver()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        mail = Controller(receiver, hostname="127.0.0.1", port=port)
        mail.start()
        stack.callback(mail.stop)
        stack.callback(receiver.server_close)
        stack.callback(receiver.shutdown)
        for name in ("slack_warning", "slack_critical", "gateway"):
            (tmp_path / name).write_text(receiver.url(name) + "\n", encoding="utf-8")
        overlay = {
            **({} if LONG else {"routing": {"group_wait": "500ms", "group_interval": "1s"}}),
            "channels": {
                "inbox": {"webhook": receiver.url("inbox"), "smtp": f"127.0.0.1:{port}"},
                "slack": {
                    "enabled": True,
                    "warning": {"webhook_url_file": str(tmp_path / "slack_warning")},
                    "critical": {"webhook_url_file": str(tmp_path / "slack_critical")},
                },
                "sms": {
                    "enabled": True,
                    "via": "webhook",
                    "numbers": ["+491701234567"],
                    "webhook_url_file": str(tmp_path / "gateway"),
                },
            },
        }
        yield _Alertmanager(stack.enter_context(run_alertmanager(tmp_path, overlay)), receiver)


WARNING = {"alertname": "HighLLMErrorRate", "severity": "warning", "level": "P3", "job": "a", "model": "m"}
CRITICAL = {**WARNING, "severity": "critical", "level": "P2"}


def test_a_critical_alert_silences_its_warning(alertmanager: _Alertmanager) -> None:
    alertmanager.post(WARNING, CRITICAL)
    assert len(alertmanager.wait("slack_critical")) == 1
    assert alertmanager.receiver.of("slack_warning") == []
    (body,) = alertmanager.receiver.of("inbox")
    assert [alert["labels"]["severity"] for alert in body["alerts"]] == ["critical"]


def test_the_end_is_told(alertmanager: _Alertmanager) -> None:
    alertmanager.post(CRITICAL)
    alertmanager.wait("slack_critical")
    alertmanager.end(CRITICAL)
    _, resolved = alertmanager.wait("slack_critical", count=2)
    assert resolved["attachments"][0]["title"].startswith("[RESOLVED] HighLLMErrorRate")
    assert resolved["attachments"][0]["color"] == "good"
    assert [body["status"] for body in alertmanager.receiver.of("inbox")] == ["firing", "resolved"]


def test_a_receiver_that_answers_500_is_told_when_it_is_well_and_nobody_waits_for_it(
    alertmanager: _Alertmanager,
) -> None:
    receiver = alertmanager.receiver
    receiver.ill = {"slack_critical", "gateway"}
    alertmanager.post(CRITICAL)
    assert len(alertmanager.wait("inbox")) == 1
    deadline = time.monotonic() + PATIENCE
    while min(receiver.refused.count(path) for path in receiver.ill) < 3:
        assert time.monotonic() < deadline, "it is not tried again"
        time.sleep(0.1)
    for _ in range(round(ILL / RESEND)):
        time.sleep(RESEND)
        alertmanager.post(CRITICAL)
    receiver.ill = set()
    assert len(alertmanager.wait("slack_critical")) == len(alertmanager.wait("gateway")) == 1


def test_a_mail_has_words_and_page_in_one_thread(alertmanager: _Alertmanager) -> None:
    alertmanager.post(CRITICAL, annotations={"value": "12.0 %", "summary": "S.", "description": "D <b>."})
    alertmanager.wait("inbox")
    (mail,) = alertmanager.receiver.mails
    assert mail["Subject"] == "[P2 CRITICAL] HighLLMErrorRate a m: 12.0 %"
    (body,) = alertmanager.receiver.of("inbox")
    assert from_webhook(json.dumps(body).encode()).subject == mail["Subject"], "one trouble has one name"
    assert mail["To"] == "inbox@heliograph.local"
    assert mail["References"]
    text, page = (part.get_content() for part in mail.iter_parts())
    assert "S.\nD <b>.\n" in text.replace("\r", "")
    assert "D &lt;b&gt;." in page


def test_a_gateway_is_sent_numbers_and_words(alertmanager: _Alertmanager) -> None:
    alertmanager.post(CRITICAL, annotations={"value": "12.0 %", "runbook_url": "http://r/HighLLMErrorRate"})
    (body,) = alertmanager.wait("gateway")
    assert body == {
        "to": ["+491701234567"],
        "text": "P2 CRITICAL HighLLMErrorRate 12.0 % a m http://r/HighLLMErrorRate",
    }


def test_a_gateway_is_sent_text_whatever_a_service_is_called(alertmanager: _Alertmanager) -> None:
    """Alertmanager reads the texts of a payload as YAML: none of these may become a mapping, a number or an error."""
    jobs = ["a: b", "12", "[x]", 'say "no"', "back\\slash", "# no", "{x: y}", "- a", "'"]
    alertmanager.post(
        *({"alertname": "A", "severity": "critical", "level": "P2", "job": job} for job in jobs),
        annotations={"value": "1"},
    )
    bodies = alertmanager.wait("gateway", count=len(jobs))
    expected = {"P2 CRITICAL A 1 " + job.replace('"', "'").replace("\\", "'") for job in jobs}
    assert {body["text"] for body in bodies} == expected


def test_slack_is_sent_to_its_room(alertmanager: _Alertmanager) -> None:
    alertmanager.post({**WARNING, "level": "P3"}, annotations={"value": "8 %", "summary": "S", "description": "D"})
    (body,) = alertmanager.wait("slack_warning")
    assert body["channel"] == "#monitoring"
    attachment = body["attachments"][0]
    assert attachment["title"] == "[P3 WARNING] HighLLMErrorRate a m: 8 %"
    assert attachment["color"] == "warning"
    assert attachment["text"].startswith("*S*\nD\n")


def test_a_test_reaches_one_channel_at_once(alertmanager: _Alertmanager) -> None:
    alertmanager.post({"alertname": "HeliographNotifyTest", "channel": "sms", "severity": "critical"})
    (body,) = alertmanager.wait("gateway")
    assert "HeliographNotifyTest" in body["text"]
    assert {path for path, _ in alertmanager.receiver.arrived} == {"gateway"}


def test_every_test_is_a_message_of_its_own(alertmanager: _Alertmanager) -> None:
    test = {"alertname": "HeliographNotifyTest", "channel": "inbox", "severity": "info"}
    alertmanager.post({**test, "job": "test-1"}, {**test, "job": "test-2"})
    bodies = alertmanager.wait("inbox", count=2)
    assert [[alert["labels"]["job"] for alert in body["alerts"]] for body in bodies] in (
        [["test-1"], ["test-2"]],
        [["test-2"], ["test-1"]],
    )
