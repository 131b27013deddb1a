"""The inbox's web server: takes webhooks, shows messages and runbooks."""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from heliograph.ops._inbox_message import from_webhook
from heliograph.ops._inbox_pages import PAGE_SIZE, error_page, inbox_page, message_page, runbook_page
from heliograph.ops._inbox_style import STYLE
from heliograph.serving._body import BodyError
from heliograph.serving._server import Handler, Server

if TYPE_CHECKING:
    import socket

    from heliograph.ops._inbox_message import Message
    from heliograph.ops._inbox_runbooks import Runbooks
    from heliograph.ops._inbox_store import Store

__all__ = ["HttpServer"]

_SECONDS = 10.0  # for a client to say what it wants
_GRACE_SECONDS = 2.0  # at the end, for webhooks that have arrived
_PAGES = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# A mail's own HTML: without scripts, forms, pictures from elsewhere, or any part in this origin.
_MAILS = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox"
_HTML = "text/html; charset=utf-8"
_NUMBERED = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"/messages/([0-9]{1,15})(/html)?")

log = logging.getLogger(__name__)


class _Handler(Handler):
    """One request a connection (HTTP/1.0): an end of the server has no idle connections to wait for."""

    server: _Server
    server_version = "heliograph-inbox"
    timeout = seconds = _SECONDS

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        """Show something."""
        url = urlsplit(self.path)
        path = unquote(url.path)
        store = self.server.store
        match path:
            case "/":
                self._inbox(url.query)
            case "/api/messages":
                self._send_json(HTTPStatus.OK, [message.as_dict() for message in store.messages()])
            case "/healthz":
                self._send(HTTPStatus.OK, "ok\n", "text/plain; charset=utf-8")
            case "/style.css":
                self._send(HTTPStatus.OK, STYLE, "text/css; charset=utf-8")
            case "/runbooks" | "/runbooks/":
                self._send(HTTPStatus.OK, runbook_page(self.server.runbooks.index()), _HTML)
            case _ if path.startswith("/runbooks/"):
                self._runbook(path.removeprefix("/runbooks/"))
            case _ if number := _NUMBER.fullmatch(path):
                self._message(store.get(int(number[1])), as_html=bool(number[2]))
            case _:
                self._not_found("There is no such page.")

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
        """Take a webhook; 200 when it is on disk."""
        try:
            content = self.body(self.server.max_bytes)
        except BodyError as error:
            self._refuse(error.status, error.reason)
            return
        if urlsplit(self.path).path != "/alerts":
            self._refuse(HTTPStatus.NOT_FOUND, "webhooks are taken at /alerts")
            return
        # Pages of other origins can send anything but this without asking first.
        if self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json")
            return
        try:
            message = from_webhook(content)
        except ValueError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        try:
            kept = self.server.store.append(message)
        except OSError as error:
            log.warning("refused a webhook for now: %s", error)
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "cannot store it now, try again")
            return
        log.info("%d webhook %r", kept.id, kept.subject)
        self._send_json(HTTPStatus.OK, {"id": kept.id})

    def _inbox(self, query: str) -> None:
        messages = self.server.store.messages()
        before = _NUMBERED.fullmatch(parse_qs(query).get("before", [""])[0])
        shown = messages if before is None else [message for message in messages if message.id < int(before[0])]
        page = shown[-PAGE_SIZE:]
        older = page[0].id if len(shown) > len(page) else None
        self._send(HTTPStatus.OK, inbox_page(page[::-1], total=len(messages), older=older), _HTML)

    def _message(self, message: Message | None, *, as_html: bool) -> None:
        if message is None or (as_html and not message.html):
            self._not_found("This message is not kept here.")
        elif as_html:
            self._send(HTTPStatus.OK, message.html, _HTML, policy=_MAILS)
        else:
            self._send(HTTPStatus.OK, message_page(message), _HTML)

    def _runbook(self, name: str) -> None:
        page = self.server.runbooks.page(name)
        if page is None:
            self._not_found("There is no runbook of that name.")
        else:
            self._send(HTTPStatus.OK, runbook_page(page), _HTML)

    def _not_found(self, words: str) -> None:
        self._send(HTTPStatus.NOT_FOUND, error_page(HTTPStatus.NOT_FOUND, words), _HTML)

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send_json(status, {"error": why})

    def _send_json(self, status: HTTPStatus, value: object) -> None:
        self._send(status, json.dumps(value), "application/json")

    def _send(self, status: HTTPStatus, text: str, kind: str, *, policy: str = _PAGES) -> None:
        content = text.encode("utf-8", "replace")
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(content))),
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class _Server(Server):
    def __init__(self, listener: socket.socket, store: Store, runbooks: Runbooks, max_bytes: int) -> None:
        super().__init__(listener, _Handler, name="inbox-http")
        self.store = store
        self.runbooks = runbooks
        self.max_bytes = max_bytes


class HttpServer:
    """Serves HTTP on a listening socket, in threads of its own."""

    def __init__(self, listener: socket.socket, store: Store, runbooks: Runbooks, *, max_bytes: int) -> None:
        self._server = _Server(listener, store, runbooks, max_bytes)

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def close(self) -> None:
        """Stop serving; a webhook that is not acknowledged yet is its sender's to send again."""
        self._server.stop(_GRACE_SECONDS)
