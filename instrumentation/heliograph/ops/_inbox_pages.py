"""The pages of the inbox. Everything that came from outside is escaped here, and only http(s) becomes a link."""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heliograph.ops._inbox_message import Message
    from heliograph.ops._inbox_runbooks import Runbook

__all__ = ["PAGE_SIZE", "error_page", "inbox_page", "message_page", "runbook_page"]

PAGE_SIZE = 100
"""Messages on one page of the list."""
_REFRESH_SECONDS = 10
_REFRESH_SECONDS_EMPTY = 2  # somebody has just sent the first one, and looks
_EMPTY = """\
<section class="card empty"><p><strong>Nothing has arrived yet.</strong></p>
<p>Alerts come here by mail and by webhook when they fire and when they are over. Send one to see it:</p>
<pre><code>heliograph notify-test inbox</code></pre></section>"""
_GIST = 200  # characters
_LINK = re.compile(r"https?://[^\s<>\"'\\^`{|}]+")
_TIERS = frozenset({"critical", "warning"})
_FIRST_LINKS = ("runbook", "dashboard", "trace")  # in the order in which a person needs them; others follow
_NAVIGATION = {"/": "Messages", "/runbooks/": "Runbooks", "/api/messages": "JSON"}


def inbox_page(messages: Sequence[Message], *, total: int, older: int | None) -> str:
    """Return the list, `messages` newest first; `older` is the number to go on before, None on the last page."""
    if total:
        count = f"{total} message{'' if total == 1 else 's'}, newest first; times are UTC"
        listed = f'<p class="soft">{count}</p><ol class="inbox">{"".join(map(_row, messages))}</ol>'
    else:
        listed = _EMPTY
    more = f'<p><a class="button" href="/?before={older}">Older messages</a></p>' if older is not None else ""
    refresh = _REFRESH_SECONDS if total else _REFRESH_SECONDS_EMPTY
    return _page("Messages", f"<h1>Messages</h1>{listed}{more}", here="/", refresh=refresh)


def message_page(message: Message) -> str:
    """Return the page of one message."""
    facts = {
        "received": _time(message.received_at),
        "by": message.channel,
        "from": _text(message.sender),
        "to": _text(", ".join(message.to)),
    }
    parts = [f"{_tag(message)}<h1>{_subject(message)}</h1>", _facts(facts)]
    if message.channel == "mail":
        if message.html:
            parts.append(f'<p><a class="button" href="/messages/{message.id}/html">As a mail program shows it</a></p>')
        parts.append(f'<div class="card"><pre class="text">{_text(str(message.body).strip())}</pre></div>')
    else:
        body = message.body if isinstance(message.body, dict) else {}
        parts += [_alert(alert) for alert in body.get("alerts", []) if isinstance(alert, dict)]
        raw = escape(json.dumps(message.body, indent=2, ensure_ascii=False))
        parts.append(f"<details><summary>As it came</summary><pre>{raw}</pre></details>")
    return _page(message.subject or "(no subject)", "".join(parts))


def runbook_page(runbook: Runbook) -> str:
    """Return the page around a runbook, with ways to its parts."""
    ways = "".join(f'<a href="#{escape(anchor)}">{escape(title)}</a>' for anchor, title in runbook.parts)
    contents = f'<nav class="parts" aria-label="Parts of this page">{ways}</nav>' if len(runbook.parts) > 1 else ""
    title, end, rest = runbook.html.partition("</h1>")
    body = f"{title}{end}{contents}{rest}" if end else contents + runbook.html
    return _page(runbook.title, f"<article>{body}</article>", here="/runbooks/")


def error_page(status: int, words: str) -> str:
    """Return the page for what cannot be shown."""
    return _page(words, f'<h1>{escape(words)}</h1><p class="soft">{status}</p><p><a href="/">To the inbox</a></p>')


def _page(title: str, body: str, *, here: str = "", refresh: int = 0) -> str:
    ways = "".join(
        f'<a href="{path}"{" aria-current=page" if path == here else ""}>{name}</a>'
        for path, name in _NAVIGATION.items()
    )
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'{again}<title>{escape(title)} - Heliograph</title><link rel="stylesheet" href="/style.css"></head><body>'
        f"<header><nav><strong>Heliograph</strong>{ways}</nav></header>"
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
        f'<span class="subject">{_subject(message)}</span>{_time(message.received_at)}'
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
        said = {"", message.subject, *(f"Resolved: {alert.get('alertname')}" for alert in message.alerts)}
        text = next((line for line in lines if line not in said), "")
    return text[:_GIST]


def _subject(message: Message) -> str:
    return escape(message.subject) or "(no subject)"


def _tag(message: Message) -> str:
    if message.status == "resolved":
        return '<span class="tag resolved">resolved</span>'
    tier = next((alert["severity"] for alert in message.alerts if alert.get("severity") in _TIERS), "")
    return f'<span class="tag {tier}">{escape(message.status)}</span>' if message.status else ""


def _alert(alert: Mapping[str, Any]) -> str:
    labels, annotations = _mapping(alert.get("labels")), _mapping(alert.get("annotations"))
    summary, description = (escape(annotations.get(name, "")) for name in ("summary", "description"))
    words = (f"<p><strong>{summary}</strong></p>" if summary else "") + (f"<p>{description}</p>" if description else "")
    since, until = _mapping(alert).get("startsAt", ""), _mapping(alert).get("endsAt", "")
    facts = {"since": _time(since), "until": _time(until) if alert.get("status") == "resolved" else ""}
    chips = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in sorted(labels.items())
    )
    parts = [words, _facts(facts), _links(alert, annotations), f'<dl class="chips">{chips}</dl>' if chips else ""]
    return f'<section class="card">{"".join(parts)}</section>'


def _links(alert: Mapping[str, Any], annotations: Mapping[str, str]) -> str:
    """Return the ways out of an alert: annotations that end in `_url`, and the query it came from."""
    links = {name.removesuffix("_url"): url for name, url in annotations.items() if name.endswith("_url")}
    links["query"] = str(alert.get("generatorURL") or "")
    order = [*_FIRST_LINKS, *(name for name in links if name not in _FIRST_LINKS)]
    shown = "".join(
        f'<a class="button" rel="noreferrer" href="{escape(links[name])}">{escape(name)}</a>'
        for name in order
        if _LINK.fullmatch(links.get(name, ""))
    )
    return f'<p class="buttons">{shown}</p>' if shown else ""


def _mapping(value: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _facts(facts: Mapping[str, str]) -> str:
    """Return a list of facts whose names and values are HTML already; empty ones are left out."""
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items() if value) + "</dl>"


def _time(stamp: str) -> str:
    """Return a time stamp (RFC 3339, UTC) to the second."""
    if not stamp:
        return ""
    return f'<time datetime="{escape(stamp)}">{escape(stamp[:19].replace("T", " "))}</time>'


def _text(text: str) -> str:
    """Return plain text as HTML, with its addresses as links."""
    parts, end = [], 0
    for link in _LINK.finditer(text):
        url = link[0].rstrip(".,;:!?)")
        parts += [escape(text[end : link.start()]), f'<a rel="noreferrer" href="{escape(url)}">{escape(url)}</a>']
        end = link.start() + len(url)
    return "".join([*parts, escape(text[end:])])
