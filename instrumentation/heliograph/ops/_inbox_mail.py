"""How a mail becomes a message of the inbox.

Mails of Alertmanager say what they are about in headers of ours (`alertmanager/lib/receivers.libsonnet`):
`X-Heliograph-Status`, `-Alert`, `-Severity`, `-Job`. They are those of the whole notification; Alertmanager groups by
alert, severity and job, so that a mail is about one of each. Without them the subject is read as far as it goes.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.errors import MessageError
from typing import TYPE_CHECKING

from heliograph.ops._inbox_message import Message, known_status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage

__all__ = ["from_mail"]

_HEADERS = {"alertname": "X-Heliograph-Alert", "severity": "X-Heliograph-Severity", "job": "X-Heliograph-Job"}

# "[P1 CRITICAL] HighLLMErrorRate research-assistant ...: 12 %", as `heliograph.subject` in the templates writes it
_SUBJECT = re.compile(r"\[(?:P\d )?(?P<state>[A-Z]+)\] (?P<alertname>[A-Za-z_]\w*)(?: (?P<job>[^\s:]+))?")


def from_mail(content: bytes, *, sender: str, to: Sequence[str]) -> Message:
    """Return the message of a mail as it came over SMTP; what cannot be read as a mail is kept as text."""
    try:
        mail = message_from_bytes(content, policy=policy.default)
        subject = _header(mail, "Subject")
        status, alerts = _alerts(mail, subject)
        text, html = _part(mail, "plain"), _part(mail, "html")
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, IndexError):
        # The parser of the standard library trips over some malformed headers; nobody's mail is lost for that.
        return Message("mail", "", "(unreadable mail)", content.decode("utf-8", "replace"), sender=sender, to=list(to))
    return Message("mail", status, subject, text, alerts=alerts, html=html, sender=sender, to=list(to))


def _alerts(mail: EmailMessage, subject: str) -> tuple[str, list[dict[str, str]]]:
    status = known_status(_header(mail, "X-Heliograph-Status"))
    labels = {label: value for label, name in _HEADERS.items() if (value := _header(mail, name))}
    if not labels and (found := _SUBJECT.match(subject)):
        state = found["state"].lower()
        status = status or ("resolved" if state == "resolved" else "firing")
        severity = state if state in {"critical", "warning", "info"} else ""
        read = {"alertname": found["alertname"], "severity": severity, "job": found["job"]}
        labels = {label: value for label, value in read.items() if value}
    return status, [{**labels, "status": status}] if labels.get("alertname") else []


def _header(mail: EmailMessage, name: str) -> str:
    return _clean(" ".join(str(mail.get(name, "")).split()))


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        text = part.get_content()
    except (LookupError, UnicodeError):  # a character set that nobody knows
        payload = part.get_payload(decode=True)
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return _clean(str(text)).replace("\r\n", "\n")


def _clean(text: str) -> str:
    """Return `text` without lone surrogates, which stand for undecodable bytes and cannot be sent to anyone."""
    return text.encode("utf-8", "replace").decode("utf-8")
