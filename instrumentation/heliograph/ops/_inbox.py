"""The local inbox: a mail server, a webhook and their pages, over one store."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Self

from heliograph.errors import HeliographError
from heliograph.ops._inbox_http import HttpServer
from heliograph.ops._inbox_runbooks import Runbooks
from heliograph.ops._inbox_smtp import SmtpServer
from heliograph.ops._inbox_store import KEEP, Store

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MAX_BYTES", "Inbox"]

MAX_BYTES = 1_000_000
"""The largest mail or webhook that is taken."""


class Inbox:
    """Runs from `with` to its end; port 0 takes a free one.

    Raises HeliographError when a port is taken or the folder cannot be used.
    """

    def __init__(
        self,
        store: Path,
        *,
        smtp: tuple[str, int] = ("127.0.0.1", 0),
        http: tuple[str, int] = ("127.0.0.1", 0),
        keep: int = KEEP,
        max_bytes: int = MAX_BYTES,
        runbooks: Path | None = None,
    ) -> None:
        with contextlib.ExitStack() as undo:
            kept = undo.enter_context(contextlib.closing(Store(store, keep=keep)))
            mail = undo.enter_context(_listen(*smtp))
            web = undo.enter_context(_listen(*http))
            self.smtp: tuple[str, int] = mail.getsockname()[:2]
            """Host and port of the mail server."""
            self.http: tuple[str, int] = web.getsockname()[:2]
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
        return f"http://{self.http[0]}:{self.http[1]}"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise HeliographError(
            f"The inbox cannot listen on {host}:{port}.", why=error.strerror or str(error), hint="give it another port"
        ) from error
    return listener
