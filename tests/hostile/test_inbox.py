"""The inbox under whatever mail, webhook, address and connection: pages of text, refusals, and nothing else."""

from __future__ import annotations

import json
import socket
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.ops._inbox import Inbox
from heliograph.ops._inbox_mail import from_mail
from heliograph.ops._inbox_message import from_webhook
from heliograph.ops._inbox_pages import inbox_page, message_page

from ._answers import JUNK, mutated
from ._fuzz import fuzz

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heliograph.ops._inbox_message import Message

LOOPBACK: Final = ("127.0.0.1", 0)
EVIL: Final = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x00\ud83d"
ALERT: Final = {
    "labels": {"alertname": EVIL, "severity": "critical", "job": EVIL},
    "annotations": {"summary": EVIL, "description": EVIL, "runbook_url": f"javascript:{EVIL}", "x_url": 'http://x/">'},
    "status": "firing",
    "startsAt": EVIL,
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "data:text/html,<script>",
}
WEBHOOK: Final = {
    "status": EVIL,
    "alerts": [ALERT],
    "commonLabels": {"alertname": EVIL, "job": EVIL},
    "commonAnnotations": {"summary": EVIL},
    "groupLabels": {"alertname": EVIL},
    "receiver": EVIL,
}
MAIL: Final = (
    b"From: a@example.com\r\nTo: b@example.com\r\nSubject: =?utf-8?q?hello?=\r\nX-Heliograph-Alert: X\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; "
    b"charset=utf-8\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>text</p>\r\n--b--\r\n"
)
quick = fuzz(120)


def pages(message: Message) -> str:
    return (
        inbox_page([message], total=1, older=None).encode("utf-8", "replace").decode()
        + message_page(message).encode("utf-8", "replace").decode()
        + json.dumps(message.as_dict())
    )


@quick
@given(said=st.just(WEBHOOK) | mutated(WEBHOOK) | JUNK)
def test_any_webhook_is_shown_as_text_or_refused(said: Any) -> None:
    try:
        message = from_webhook(json.dumps(said).encode())
    except ValueError:
        return
    text = pages(message).partition('{"id"')[0]
    assert "<script>" not in text
    assert "<img" not in text
    assert 'href="javascript' not in text
    assert 'href="data' not in text


@quick
@given(at=st.integers(0, len(MAIL)), put=st.binary(max_size=12), drop=st.integers(0, 20))
def test_any_mail_is_shown_or_refused(at: int, put: bytes, drop: int) -> None:
    try:
        message = from_mail(MAIL[:at] + put + MAIL[at + drop :], sender="a@example.com", to=["b@example.com"])
    except ValueError:
        return
    assert pages(message)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    folder: Path = tmp_path_factory.mktemp("inbox")
    with Inbox(folder, smtp=LOOPBACK, http=LOOPBACK) as running:
        yield running


def test_a_webhook_of_nothing_but_attacks_is_kept_and_shown(inbox: Inbox) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{inbox.url}/alerts", json.dumps(WEBHOOK).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        number = json.load(answer)["id"]
    for path in ("/", f"/messages/{number}", "/api/messages"):
        with urllib.request.urlopen(inbox.url + path, timeout=10) as answer:
            page = answer.read().decode()
            policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert path == "/api/messages" or ("<script>" not in page and "<img" not in page and "alert(1)" in page)


def speak(url: str, raw: bytes) -> bytes:
    """Write bytes to a server; give all that it answers until it closes, or waits for more."""
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((str(at.hostname), int(at.port or 0)), timeout=2) as connection:
        said = b""
        try:
            connection.sendall(raw)
            while part := connection.recv(65536):
                said += part
        except OSError:
            pass
        return said


PATHS: Final = (
    *("/runbooks/../../../etc/passwd", "/runbooks/..%2f..%2f..%2fetc%2fpasswd", "/runbooks/%2e%2e/%2e%2e/heliograph"),
    *("/runbooks/..%5c..%5cheliograph", "/runbooks//etc/passwd", "/runbooks/HighLLMErrorRate%00.html", "//etc/passwd"),
    *(
        "/runbooks/README%0d%0aX-Evil:%20yes",
        "/messages/1/../../../x",
        "/messages/-1",
        "/messages/99999999999999999999",
    ),
    *("/messages/%D9%A1", "/?before=-1", "/?before=%D9%A1", "/?before=" + "9" * 400, "/%ff%fe", "/" + "a" * 60_000),
    *(
        "/style.css/..",
        "/api/messages/../../x",
        "http://evil.example/runbooks/x",
        "*",
        "/\x00",
        "/runbooks/" + "A" * 64,
    ),
)


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_no_address_leads_out_or_breaks_anything(inbox: Inbox, path: str, caplog: pytest.LogCaptureFixture) -> None:
    said = speak(inbox.url, f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode("latin-1"))
    head, _, _ = said.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 400
    assert status == 200 or 400 <= status < 500
    if status == 200:
        assert path.startswith("/?before=")
    assert b"root:" not in said
    assert b"external_url" not in said
    assert b"X-Evil" not in head
    assert "Traceback" not in caplog.text


RAW: Final = {
    "a body without a length": b"POST /alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n{}",
    "a length that is none": b"POST /alerts HTTP/1.1\r\nContent-Length: +4\r\n\r\n{}  ",
    "two lengths": b"POST /alerts HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 50\r\n\r\n{}",
    "a length and chunks": b"POST /alerts HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks twice": b"POST /alerts HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "a chunk of negative size": b"POST /alerts HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a thousand headers": b"POST /alerts HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
    "a header without end": b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
    "another method": b"TRACE / HTTP/1.1\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a version that is none": b"GET / HTTP/99999999999999999999.1\r\n\r\n",
    "not a word of HTTP": bytes(range(256)),
}


@pytest.mark.parametrize("name", RAW)
def test_odd_http_is_refused_and_the_next_one_served(inbox: Inbox, name: str, caplog: pytest.LogCaptureFixture) -> None:
    said = speak(inbox.url, RAW[name])
    assert not said.startswith(b"HTTP/1.1 5") or said.startswith((b"HTTP/1.1 501", b"HTTP/1.1 505"))
    assert said.count(b"HTTP/1.") <= 1, "one request has one answer"
    with urllib.request.urlopen(f"{inbox.url}/healthz", timeout=5) as answer:
        assert answer.status == 200
    assert "Traceback" not in caplog.text
