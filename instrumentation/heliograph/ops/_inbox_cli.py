"""`heliograph inbox`."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from heliograph.ops._inbox import MAX_BYTES, Inbox
from heliograph.ops._inbox_store import KEEP
from heliograph.serving._options import HostPort
from heliograph.serving._until import until_told
from heliograph.stack._paths import state_root

__all__ = ["inbox"]

_ADDRESS = HostPort("127.0.0.1:8025")


@click.command()
@click.option("--smtp", type=_ADDRESS, default="127.0.0.1:1025", show_default=True, help="Where to take mail.")
@click.option(
    "--http",
    type=_ADDRESS,
    default="127.0.0.1:8025",
    show_default=True,
    help="Where to take webhooks, show pages.",
)
@click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the messages.  [default: inbox in the user's state folder]",
)
@click.option("--keep", type=click.IntRange(min=1), default=KEEP, show_default=True, help="How many messages to keep.")
@click.option(
    "--max-bytes", type=click.IntRange(min=1024), default=MAX_BYTES, show_default=True, help="Largest message taken."
)
def inbox(*, smtp: tuple[str, int], http: tuple[str, int], store: Path | None, keep: int, max_bytes: int) -> None:
    """Run the local inbox: mailbox, webhook and runbook pages.

    `heliograph up` runs one already. It takes any mail, and Alertmanager's webhooks at /alerts; everything is on disk
    before the sender is told that it arrived. Runs until Ctrl-C or SIGTERM.

    \b
    Pages:
      /                     what arrived, newest first
      /runbooks/ALERT       what to do about it
      /api/messages         the same as JSON, oldest first

    \b
    Example:
      heliograph inbox --smtp 127.0.0.1:2025 --http 127.0.0.1:8125 --store /tmp/inbox

    Exit status: 0 ended on request, 1 a port or the folder cannot be used, 2 wrong options.
    """  # noqa: D301 - \b is click's
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("heliograph.ops").setLevel(logging.INFO)
    with (
        until_told() as wait_for_the_end,
        Inbox(store or state_root() / "inbox", smtp=smtp, http=http, keep=keep, max_bytes=max_bytes) as running,
    ):
        click.echo(f"Inbox: {running.url}, mail to {running.smtp[0]}:{running.smtp[1]}. Ctrl-C ends it.")
        wait_for_the_end()
    click.echo("Inbox: ended.")
