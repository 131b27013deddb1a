"""The inbox's pages: what a person reads at three in the morning, and what no sender can smuggle in."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.ops._inbox_mail import from_mail
from heliograph.ops._inbox_message import Message, from_webhook
from heliograph.ops._inbox_pages import error_page, inbox_page, message_page, runbook_page
from heliograph.ops._inbox_runbooks import Runbook, Runbooks

if TYPE_CHECKING:
    from pathlib import Path

FIRING = {
    "labels": {
        "alertname": "HighLLMErrorRate",
        "severity": "critical",
        "level": "P2",
        "job": "shop",
        "deployment_environment_name": "prod",
        "model": "gpt-4o-mini",
    },
    "annotations": {
        "summary": "Calls to a model fail.",
        "description": "49.2 % of the calls failed.",
        "value": "49.2 %",
        "trace_url": "http://localhost:16686/search?service=shop&limit=20",
        "dashboard_url": "http://localhost:3001/d/heliograph-llm-overview",
        "runbook_url": "http://localhost:8025/runbooks/HighLLMErrorRate",
    },
    "status": "firing",
    "startsAt": "2026-11-21T07:25:06.123Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://localhost:9090/graph?g0.expr=up",
}


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def links(self, kind: str = "") -> list[str | None]:
        """Return where its links lead; with a class, only those of that class."""
        return [a.get("href") for tag, a in self.tags if tag == "a" and (not kind or a.get("class") == kind)]

    def has(self, tag: str, **attributes: str) -> bool:
        return any(t == tag and attributes.items() <= a.items() for t, a in self.tags)


def webhook(*alerts: dict[str, Any], status: str = "firing") -> Message:
    return from_webhook(json.dumps({"version": "4", "status": status, "alerts": alerts}).encode())


def mail(subject: str, text: str, *headers: str) -> Message:
    content = "\r\n".join([f"Subject: {subject}", *headers, "", text])
    return from_mail(content.encode(), sender="a@example.com", to=["b@example.com"])


def test_an_empty_inbox_says_how_to_fill_it() -> None:
    page = Page(inbox_page([], total=0, older=None))
    assert "Nothing has arrived yet." in page.text
    assert "heliograph notify-test inbox" in page.text
    assert page.has("meta", **{"http-equiv": "refresh", "content": "2"})


def test_a_list_links_to_its_messages_and_to_older_ones() -> None:
    rows = [Message("mail", "", "the newest", "x", id=9), Message("mail", "", "", "y", id=8)]
    page = Page(inbox_page(rows, total=12, older=8))
    assert "12 messages" in page.text
    assert [link for link in page.links() if link and "messages/" in link] == ["/messages/9", "/messages/8"]
    assert "/?before=8" in page.links()
    assert "(no subject)" in page.text
    assert page.has("a", href="/", **{"aria-current": "page"})


@pytest.mark.parametrize(
    ("message", "look"),
    [
        (webhook(FIRING), "critical"),
        (webhook(FIRING, status="resolved"), "resolved"),
        (mail("[P3 WARNING] HighLLMErrorRate shop: 8 %", "text"), "warning"),
        (mail("[RESOLVED] HighLLMErrorRate shop", "text"), "resolved"),
        (mail("Lunch?", "text"), ""),
    ],
)
def test_a_row_has_the_colour_of_its_trouble(message: Message, look: str) -> None:
    assert Page(inbox_page([message], total=1, older=None)).has("li", **{"class": look})


def test_a_webhook_is_called_what_the_mail_is_called() -> None:
    """`heliograph.subject` in alertmanager/templates/common.tmpl; tests/routing compares with the real one."""
    assert webhook(FIRING).subject == "[P2 CRITICAL] HighLLMErrorRate shop (prod) gpt-4o-mini: 49.2 %"
    other = {**FIRING, "labels": FIRING["labels"] | {"model": "gpt-4o"}}  # type: ignore[operator]
    assert webhook(FIRING, other).subject == "[P2 CRITICAL] HighLLMErrorRate shop (prod): 2 alerts"
    assert webhook(FIRING, status="resolved").subject.startswith("[RESOLVED] HighLLMErrorRate shop (prod)")


@pytest.mark.parametrize(
    ("message", "gist"),
    [
        (mail("[RESOLVED] A b", "[RESOLVED] A b\n\nResolved: A\nIt failed.\n"), "It failed."),
        (mail("Lunch?", "\n\n  At noon.  \nSee you"), "At noon."),
        (Message("webhook", "firing", "s", {"commonAnnotations": {"description": "D", "summary": "S"}}), "D"),
        (Message("webhook", "firing", "s", {"alerts": []}), ""),
    ],
)
def test_a_row_tells_what_the_subject_does_not(message: Message, gist: str) -> None:
    assert f'<span class="gist">{gist}</span>' in inbox_page([message], total=1, older=None)


def test_an_alert_leads_to_its_runbook_first() -> None:
    page = Page(message_page(webhook(FIRING)))
    annotations = FIRING["annotations"]
    assert isinstance(annotations, dict)
    assert page.links("button") == [
        annotations["runbook_url"],
        annotations["dashboard_url"],
        annotations["trace_url"],
        FIRING["generatorURL"],
    ]
    assert "Calls to a model fail. 49.2 % of the calls failed. since 2026-11-21 07:25:06" in page.text
    assert "until" not in page.text
    assert "deployment_environment_name prod" in page.text


def test_an_alert_that_is_over_says_since_when() -> None:
    over = {**FIRING, "status": "resolved", "endsAt": "2026-11-21T07:31:00Z"}
    assert "until 2026-11-21 07:31:00" in Page(message_page(webhook(over, status="resolved"))).text


def test_an_alert_without_anything_is_shown() -> None:
    assert "alerts" in Page(message_page(webhook({"labels": {}}))).text


def test_links_in_a_mail_end_where_its_sentence_does() -> None:
    page = Page(message_page(mail("s", "See (http://localhost:8025/runbooks/A?b=c&d=e). Or http://x/y, then rest.")))
    assert [link for link in page.links() if link and link.startswith("http")] == [
        "http://localhost:8025/runbooks/A?b=c&d=e",
        "http://x/y",
    ]


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.mark.parametrize(
    "text",
    [
        message_page(mail(HOSTILE, HOSTILE)),
        message_page(webhook({"labels": {HOSTILE: HOSTILE}, "annotations": {"summary": HOSTILE, HOSTILE: HOSTILE}})),
        message_page(webhook({"labels": {}, "startsAt": HOSTILE, "status": HOSTILE})),
        message_page(Message("mail", HOSTILE, "", "", sender=HOSTILE, to=[HOSTILE], received_at=HOSTILE)),
        inbox_page([mail(HOSTILE, HOSTILE), Message(HOSTILE, "", "", "")], total=2, older=None),
        error_page(404, HOSTILE),
        runbook_page(Runbook(HOSTILE, "<h1>x</h1>", ((HOSTILE, HOSTILE), ("b", "b")))),
    ],
)
def test_what_came_from_outside_is_text(text: str) -> None:
    page = Page(text)
    assert not page.has("script")
    assert not page.has("img")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "http://a b", "//evil.example", " http://x"]
)
def test_only_web_addresses_become_buttons(url: str) -> None:
    alert = {"labels": {"a": "b"}, "annotations": {"runbook_url": url}, "generatorURL": url}
    assert Page(message_page(webhook(alert))).links("button") == []


def test_a_mail_with_a_page_of_its_own_offers_it() -> None:
    content = b"Subject: s\r\nContent-Type: text/html\r\n\r\n<b>x</b>"
    html = from_mail(content, sender="a@example.com", to=["b@example.com"])
    assert "/messages/0/html" in Page(message_page(html)).links("button")
    assert Page(message_page(mail("s", "x"))).links("button") == []


def test_a_runbook_has_ways_to_its_parts() -> None:
    runbook = Runbooks().page("HighLLMErrorRate")
    assert runbook is not None
    page = Page(runbook_page(runbook))
    ids = {attributes.get("id") for _, attributes in page.tags}
    for part in ("meaning", "impact", "diagnosis", "mitigation"):
        assert f"#{part}" in page.links()
        assert part in ids
    assert page.text.index("HighLLMErrorRate") < page.text.index("Meaning")


def test_runbooks_link_to_each_other_here_and_hide_where_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_text("no heading\n\n[b](B.md#done) [index](README.md) [out](https://example.com)\n")
    runbook = Runbooks(tmp_path).page("A")
    assert runbook is not None
    assert runbook.title == "A"
    page = Page(runbook_page(runbook))
    assert {"/runbooks/B#done", "/runbooks/", "https://example.com"} <= set(page.links())
    assert page.has("a", href="https://example.com", rel="noreferrer")


def test_raw_html_in_a_runbook_is_text(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_text("# A\n\n<script>alert(1)</script>\n")
    runbook = Runbooks(tmp_path).page("A")
    assert runbook is not None
    assert not Page(runbook_page(runbook)).has("script")


def test_a_folder_without_an_index_is_listed(tmp_path: Path) -> None:
    (tmp_path / "B.md").write_text("# B\n")
    (tmp_path / "A.md").write_text("# A\n")
    assert Page(runbook_page(Runbooks(tmp_path).index())).links()[-2:] == ["/runbooks/A", "/runbooks/B"]
