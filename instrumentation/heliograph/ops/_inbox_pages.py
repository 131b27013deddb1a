"""The pages of the inbox. Everything that came from outside is escaped here, and only http(s) becomes a link."""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heliograph.ops._inbox_message import Message

__all__ = ["PAGE_SIZE", "error_page", "inbox_page", "message_page", "runbook_page"]

PAGE_SIZE = 100
"""Messages on one page of the list."""
_REFRESH_SECONDS = 10
_GIST = 200  # characters
_LINK = re.compile(r"https?://[^\s<>\"'\\^`{|}]+")
_TIERS = frozenset({"critical", "warning"})


def inbox_page(messages: Sequence[Message], *, total: int, older: int | None) -> str:
    """Return the list, `messages` newest first; `older` is the number to go on before, None on the last page."""
    if not messages:
        hint = "<code>heliograph notify-test inbox</code> sends a message here."
        listed = f'<p class="card">Nothing has arrived yet. {hint}</p>'
    else:
        listed = f'<ol class="inbox">{"".join(map(_row, messages))}</ol>'
    more = f'<p><a href="/?before={older}">Older messages</a></p>' if older is not None else ""
    count = f"{total} message{'' if total == 1 else 's'}, newest first; times are UTC"
    return _page(
        "Inbox", f'<h1>Inbox</h1><p class="soft">{count}</p>{listed}{more}', refresh=_REFRESH_SECONDS if total else 2
    )


def message_page(message: Message) -> str:
    """Return the page of one message."""
    facts = {
        "received": _time(message.received_at),
        "by": message.channel,
        "from": _text(message.sender),
        "to": _text(", ".join(message.to)),
    }
    parts = [f"<h1>{_tag(message)} {escape(message.subject) or '(no subject)'}</h1>", _facts(facts)]
    if message.channel == "mail":
        if message.html:
            parts.append(f'<p><a href="/messages/{message.id}/html">As the mail program shows it</a></p>')
        parts.append(f'<div class="card"><pre class="text">{_text(str(message.body).strip())}</pre></div>')
    else:
        body = message.body if isinstance(message.body, dict) else {}
        parts += [_alert(alert) for alert in body.get("alerts", []) if isinstance(alert, dict)]
        raw = escape(json.dumps(message.body, indent=2, ensure_ascii=False))
        parts.append(f"<details><summary>As it came</summary><pre>{raw}</pre></details>")
    return _page(message.subject or "(no subject)", "".join(parts))


def runbook_page(title: str, rendered: str) -> str:
    """Return the page around a runbook that is HTML already."""
    return _page(title, f"<article>{rendered}</article>")


def error_page(status: int, words: str) -> str:
    """Return the page for what cannot be shown."""
    return _page(words, f'<h1>{escape(words)}</h1><p class="soft">{status}</p><p><a href="/">To the inbox</a></p>')


def _page(title: str, body: str, *, refresh: int = 0) -> str:
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'{again}<title>{escape(title)} - Heliograph</title><link rel="stylesheet" href="/style.css"></head><body>'
        '<header><nav><strong>Heliograph inbox</strong><a href="/">Messages</a><a href="/runbooks/">Runbooks</a>'
        '<a href="/api/messages">JSON</a></nav></header>'
        f"<main>{body}</main><footer>Mail and webhooks of the local Alertmanager; kept on this machine.</footer>"
        "</body></html>\n"
    )


def _row(message: Message) -> str:
    severities = {alert.get("severity", "") for alert in message.alerts}
    look = (
        "resolved"
        if message.status == "resolved"
        else next((s for s in ("critical", "warning") if s in severities), "")
    )
    return (
        f'<li class="{look}"><a href="/messages/{message.id}">'
        f'<span class="subject">{escape(message.subject) or "(no subject)"}</span>{_time(message.received_at)}'
        f'<span class="gist">{escape(_gist(message))}</span>'
        f'<span class="channel">{escape(message.channel)}</span></a></li>'
    )


def _gist(message: Message) -> str:
    """Return the first words of what the message says beyond its subject."""
    if isinstance(message.body, dict):
        common = message.body.get("commonAnnotations")
        text = str(common.get("description") or common.get("summary") or "") if isinstance(common, dict) else ""
    else:
        lines = (line.strip() for line in str(message.body).splitlines())
        text = next((line for line in lines if line and line != message.subject), "")
    return text[:_GIST]


def _tag(message: Message) -> str:
    if message.status == "resolved":
        return '<span class="tag resolved">resolved</span>'
    tier = next((alert["severity"] for alert in message.alerts if alert.get("severity") in _TIERS), "")
    return f'<span class="tag {tier}">{escape(message.status)}</span>' if message.status else ""


def _alert(alert: Mapping[str, Any]) -> str:
    labels, annotations = _mapping(alert.get("labels")), _mapping(alert.get("annotations"))
    links = {name.removesuffix("_url"): url for name, url in annotations.items() if name.endswith("_url")}
    links["query"] = str(alert.get("generatorURL") or "")
    shown = " &middot; ".join(
        f'<a rel="noreferrer" href="{escape(url)}">{escape(name)}</a>'
        for name, url in links.items()
        if _LINK.fullmatch(url)
    )
    words = "".join(f"<p>{escape(annotations[name])}</p>" for name in ("summary", "description") if name in annotations)
    facts = {
        **{escape(name): escape(value) for name, value in labels.items()},
        "status": escape(str(alert.get("status"))),
    }
    return f'<section class="card">{words}<p>{shown}</p>{_facts(facts)}</section>'


def _mapping(value: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _facts(facts: Mapping[str, str]) -> str:
    """Return a list of facts whose names and values are HTML already; empty ones are left out."""
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items() if value) + "</dl>"


def _time(stamp: str) -> str:
    return f'<time datetime="{escape(stamp)}">{escape(stamp[:19].replace("T", " "))}</time>'


def _text(text: str) -> str:
    """Return plain text as HTML, with its addresses as links."""
    parts, end = [], 0
    for link in _LINK.finditer(text):
        url = link[0].rstrip(".,;:!?)")
        parts += [escape(text[end : link.start()]), f'<a rel="noreferrer" href="{escape(url)}">{escape(url)}</a>']
        end = link.start() + len(url)
    return "".join([*parts, escape(text[end:])])
