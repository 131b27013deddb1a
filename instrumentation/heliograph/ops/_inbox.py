"""The local inbox: a mail server, a webhook and their pages, over one store."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from heliograph.ops._inbox_http import HttpServer
from heliograph.ops._inbox_runbooks import Runbooks
from heliograph.ops._inbox_smtp import SmtpServer
from heliograph.ops._inbox_store import KEEP, Store
from heliograph.serving._addresses import listen, url_of

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.serving._addresses import Address

__all__ = ["MAX_BYTES", "Inbox"]

MAX_BYTES = 1_000_000
"""The largest mail or webhook that is taken."""
_HINT = "give it another port"


class Inbox:
    """Runs from `with` to its end; port 0 takes a free one.

    Raises HeliographError when a port is taken or the folder cannot be used.
    """

    def __init__(
        self,
        store: Path,
        *,
        smtp: Address = ("127.0.0.1", 0),
        http: Address = ("127.0.0.1", 0),
        keep: int = KEEP,
        max_bytes: int = MAX_BYTES,
        runbooks: Path | None = None,
    ) -> None:
        with contextlib.ExitStack() as undo:
            kept = undo.enter_context(contextlib.closing(Store(store, keep=keep)))
            mail = undo.enter_context(listen(smtp, who="The inbox", hint=_HINT))
            web = undo.enter_context(listen(http, who="The inbox", hint=_HINT))
            self.smtp: Address = mail.getsockname()[:2]
            """Host and port of the mail server."""
            self.http: Address = web.getsockname()[:2]
            """Host and port of the web server."""
            self._servers = (
                SmtpServer(mail, kept, max_bytes=max_bytes),
                HttpServer(web, kept, Runbooks(runbooks), max_bytes=max_bytes),
            )
            self._store = kept
            undo.pop_all()

    def __enter__(self) -> Self:
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        self._store.close()

    @property
    def url(self) -> str:
        """The address of the pages."""
        return url_of(self.http)
