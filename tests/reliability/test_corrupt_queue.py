"""Garbage in a queue's file: it is set aside, the collector serves, and the other queues keep what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from heliograph.ledger import Moment

from ._faults import away, back
from ._scale import SCALE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heliograph.stack import Stack

    from .conftest import Books

PAGE = 4096
"""Bytes, of the database in the file."""


def _write(file: Path, data: bytes) -> None:
    with file.open("r+b") as opened:
        opened.write(data)


def _cut(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2 // 4096 * 4096)


GARBAGE: dict[str, Callable[[Path], object]] = {
    "first pages": lambda file: _write(file, b"\xde\xad\xbe\xef" * 4096),
    "all of it": lambda file: file.write_bytes(b"no database " * 4096),
    "cut in the middle": _cut,
}


@pytest.mark.parametrize("how", GARBAGE if SCALE.long else ["first pages"])
def test_a_corrupt_queue_is_set_aside(stack: Stack, books: Books, how: str) -> None:
    queues = stack.workspace.data("collector")

    def spoil() -> None:
        away(stack, ["collector"])
        (file,) = [path for path in queues.iterdir() if path.name.startswith("exporter_otlp_http_loki")]
        assert file.stat().st_size > PAGE
        GARBAGE[how](file)
        back(stack, ["collector"])

    moments = [
        Moment(1, "Loki and Jaeger away", lambda: away(stack, ["loki", "jaeger"])),
        Moment(5, "garbage into the queue of Loki", spoil),
        Moment(8, "Loki and Jaeger back", lambda: back(stack, ["loki", "jaeger"]), heals=True),
    ]
    result = books(stack, 12, moments, settle=25)
    # What the spoiled queue held is lost, and only the ledger knows: no metric of the collector's tells it.
    assert 0 < result.signals["logs"].missing < result.signals["logs"].acknowledged
    assert [path.name for path in queues.iterdir() if ".unreadable-" in path.name or ".backup" in path.name]
    # The neighbours' queues were not touched.
    assert result.signals["spans"].missing == 0
    assert result.signals["points"].missing == 0
