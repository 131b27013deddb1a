"""The outside world of a drill: what stands for Slack, the mail server, the gateway for texts and the dead-man watch.

Each speaks the real protocol on loopback and notes what arrived and when. `overlay` is the piece of heliograph.yaml
that points the channels here: nothing in Alertmanager knows that it is a drill.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from heliograph.drill._arrival import Arrival, from_words
from heliograph.ops._inbox_smtp import SmtpServer
from heliograph.serving._addresses import listen, url_of
from heliograph.serving._body import BodyError
from heliograph.serving._server import Handler, Server

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.ops._inbox_message import Message

__all__ = ["DEADMAN", "Receivers"]

DEADMAN = "deadman"
"""The receiver outside that pages when it hears nothing any more."""

_LOCAL = ("127.0.0.1", 0)
_MAX_BYTES = 1_000_000
_LOOK_SECONDS = 0.5
_MAILBOXES = {"email-warning": "team@drill.local", "email-critical": "on-call@drill.local"}
_WEBHOOKS = ("slack-warning", "slack-critical", "sms-critical", DEADMAN)


class Receivers:
    """Everything outside; runs from `with` to its end.

    `beats`: seconds without a call after which the dead-man watch pages. It begins with the first call.
    """

    def __init__(self, beats: float) -> None:
        self._beats = beats
        self._lock = threading.Lock()
        self._arrived: list[Arrival] = []
        self._refusing: dict[str, int] = {}
        self._last_beat: float | None = None
        self._paged = False
        self._stop = threading.Event()
        hint = "stop what listens on this machine"
        with contextlib.ExitStack() as undo:
            mail = undo.enter_context(listen(_LOCAL, who="The drill's mail server", hint=hint))
            web = undo.enter_context(listen(_LOCAL, who="The drill's web server", hint=hint))
            self._smtp = "{}:{}".format(*mail.getsockname()[:2])
            self._web = url_of(web.getsockname()[:2])
            handler = type("BoundHandler", (_Handler,), {"receivers": self})
            self._http = Server(web, handler, name="drill-receivers")
            self._mail = SmtpServer(mail, _Mailbox(self), max_bytes=_MAX_BYTES)
            undo.pop_all()
        self._watch = threading.Thread(target=self._listen_for_beats, name="drill-deadman", daemon=True)

    def __enter__(self) -> Self:
        self._http.start()
        self._mail.start()
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._http.stop()
        self._mail.close()
        self._watch.join()

    def overlay(self, folder: Path) -> dict[str, Any]:
        """Return the channels of heliograph.yaml that lead here; their secrets are written to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {}
        for receiver in _WEBHOOKS:
            files[receiver] = str(folder / receiver)
            (folder / receiver).write_text(f"{self._web}/{receiver}")
        return {
            "slack": {
                "enabled": True,
                "warning": {"webhook_url_file": files["slack-warning"]},
                "critical": {"webhook_url_file": files["slack-critical"]},
            },
            "email": {
                "enabled": True,
                "smarthost": self._smtp,
                "username": None,
                "password_file": None,
                "require_tls": False,  # loopback
                "warning": [_MAILBOXES["email-warning"]],
                "critical": [_MAILBOXES["email-critical"]],
            },
            "sms": {
                "enabled": True,
                "numbers": ["+491701234567"],
                "via": "webhook",
                "webhook_url_file": files["sms-critical"],
            },
            DEADMAN: {"enabled": True, "url_file": files[DEADMAN]},
        }

    def arrivals(self) -> list[Arrival]:
        """Return what arrived, oldest first."""
        with self._lock:
            return list(self._arrived)

    def refuse(self, receiver: str, status: int) -> None:
        """Answer everything that comes for `receiver` with this HTTP status, until `accept`."""
        self._refusing[receiver] = status

    def accept(self, receiver: str) -> None:
        """Take messages again."""
        self._refusing.pop(receiver, None)

    def status(self, receiver: str) -> int:
        """Return the HTTP status that `receiver` answers with."""
        return self._refusing.get(receiver, HTTPStatus.OK)

    def post(self, receiver: str, body: dict[str, Any]) -> None:
        """Take what came for a webhook."""
        now = time.time()
        if receiver == DEADMAN:
            with self._lock:
                self._last_beat = now
            return
        text = str(body["text"]) if receiver.startswith("sms") else _slack_title(body)
        self._note(from_words(receiver, text, at=now))

    def deliver(self, message: Message) -> None:
        """Take a mail."""
        for receiver, address in _MAILBOXES.items():
            if address in message.to:
                status = message.status or "firing"
                alerts = [{k: v for k, v in alert.items() if k != "status"} for alert in message.alerts]
                self._note(Arrival(receiver, status, alerts, time.time(), message.subject))

    def _note(self, arrival: Arrival) -> None:
        with self._lock:
            self._arrived.append(arrival)

    def _listen_for_beats(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            with self._lock:
                beat, now = self._last_beat, time.time()
            silent = beat is not None and now - beat > self._beats
            if silent != self._paged:
                self._paged = silent
                text = f"no beat for {self._beats:g} s" if silent else "the beats are back"
                alerts = [{"alertname": "Watchdog", "severity": "critical", "job": ""}]
                self._note(Arrival(DEADMAN, "firing" if silent else "resolved", alerts, now, text))


class _Mailbox:
    """What the inbox's mail server hands a mail to."""

    def __init__(self, receivers: Receivers) -> None:
        self._receivers = receivers

    def append(self, message: Message) -> Message:
        self._receivers.deliver(message)
        return message


class _Handler(Handler):
    """Slack's incoming webhook, the gateway for text messages, and the dead-man watch; each has a path."""

    receivers: Receivers

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        """Take a message."""
        receiver = urlsplit(self.path).path.strip("/")
        try:
            body = json.loads(self.body(_MAX_BYTES))
        except (BodyError, ValueError):
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        status = self.receivers.status(receiver) if receiver in _WEBHOOKS else HTTPStatus.NOT_FOUND
        if status == HTTPStatus.OK:
            self.receivers.post(receiver, body)
        self._answer(status)

    def _answer(self, status: int) -> None:
        text = b"ok" if status == HTTPStatus.OK else b"refused"
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def _slack_title(body: dict[str, Any]) -> str:
    """Return the line that Slack shows first (https://api.slack.com/reference/messaging/attachments)."""
    attachments = body.get("attachments") or [{}]
    return str(attachments[0].get("title") or attachments[0].get("fallback") or body.get("text") or "")
