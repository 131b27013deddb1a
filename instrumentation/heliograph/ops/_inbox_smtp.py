"""The inbox's mail server: takes every mail, and says 250 when it is on disk."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol

from aiosmtpd.smtp import SMTP

from heliograph.ops._inbox_mail import from_mail

if TYPE_CHECKING:
    import socket

    from heliograph.ops._inbox_message import Message

__all__ = ["SmtpServer"]

_MAX_RECIPIENTS = 100
_IDLE_SECONDS = 60.0

log = logging.getLogger(__name__)


class _Mailbox(Protocol):
    """Who keeps the mails: the inbox's store, or a test's list."""

    def append(self, message: Message, /) -> Message:
        """Keep a mail; raises OSError when it cannot, and the sender is told to try again."""


class _Handler:
    """What aiosmtpd asks (https://aiosmtpd.aio-libs.org/en/latest/handlers.html); it prescribes the names."""

    def __init__(self, store: _Mailbox) -> None:
        self._store = store

    async def handle_RCPT(  # noqa: N802
        self,
        server: Any,  # noqa: ANN401 - aiosmtpd has no types
        session: Any,  # noqa: ANN401
        envelope: Any,  # noqa: ANN401
        address: str,
        rcpt_options: list[str],
    ) -> str:
        del server, session, rcpt_options
        if len(envelope.rcpt_tos) >= _MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802
        del server, session
        message = from_mail(envelope.content, sender=envelope.mail_from or "", to=envelope.rcpt_tos)
        try:
            # fsync takes its time; other connections go on meanwhile
            kept = await asyncio.to_thread(self._store.append, message)
        except OSError as error:
            log.warning("refused a mail for now: %s", error)
            return "451 4.3.0 Cannot store it now, try again"
        log.info("%d mail %r", kept.id, kept.subject)
        return "250 2.0.0 Kept"


class SmtpServer:
    """Serves SMTP on a bound socket, in a thread of its own."""

    def __init__(self, listener: socket.socket, store: _Mailbox, *, max_bytes: int) -> None:
        self._listener = listener
        self._handler = _Handler(store)
        self._max_bytes = max_bytes
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), name="inbox-smtp")

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving; a mail that is not acknowledged yet is its sender's to send again."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        # A backlog from the listener on: who connects before this point waits and is served.
        server = await self._loop.create_server(self._session, sock=self._listener)
        await self._end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    def _session(self) -> SMTP:
        return SMTP(
            self._handler,
            data_size_limit=self._max_bytes,
            enable_SMTPUTF8=True,
            hostname="localhost",  # the default asks the DNS
            ident="heliograph inbox",
            timeout=_IDLE_SECONDS,
            loop=self._loop,
        )
