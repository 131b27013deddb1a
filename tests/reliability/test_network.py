"""Slow and flapping lines between the collector and its stores, and between applications and the collector."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from heliograph.ledger import Moment
from heliograph.stack import Stack
from heliograph.stack._ports import Ports

from ._judge import assert_nothing_lost
from ._proxy import BadLine, bad_line
from ._scale import SCALE, port_offset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Books

SECONDS = 300.0 if SCALE.long else 16.0
LINES = ("prometheus", "loki", "jaeger")


@pytest.fixture(scope="module")
def offset() -> int:
    return port_offset()


@pytest.fixture(scope="module")
def lines(offset: int) -> Iterator[dict[str, BadLine]]:
    """Lines to each store; good until told otherwise."""
    ports = Ports.at(offset)
    targets = {"prometheus": ports.prometheus, "loki": ports.loki, "jaeger": ports.jaeger_otlp}
    with ExitStack() as opened:
        yield {name: opened.enter_context(bad_line(port)) for name, port in targets.items()}


@pytest.fixture(scope="module")
def remote(offset: int, lines: dict[str, BadLine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a stack whose collector reaches its stores by these lines."""
    stack = Stack(
        offset,
        tmp_path_factory.mktemp("remote") / "state",
        environment={
            "collector": {
                "HELIOGRAPH_PROMETHEUS_URL": f"http://127.0.0.1:{lines['prometheus'].port}",
                "HELIOGRAPH_LOKI_URL": f"http://127.0.0.1:{lines['loki'].port}",
                "HELIOGRAPH_JAEGER_OTLP": f"127.0.0.1:{lines['jaeger'].port}",
            }
        },
    )
    try:
        stack.up(timeout=180)
        yield stack
    finally:
        stack.down()


def test_a_line_that_breaks_every_few_seconds_loses_nothing(
    remote: Stack, lines: dict[str, BadLine], books: Books
) -> None:
    def each(what: str) -> None:
        for name in LINES:
            getattr(lines[name], what)()

    flaps = [
        moment
        for begin in range(1, int(SECONDS) - 3, 4)
        for moment in (
            Moment(begin, "cut", lambda: each("cut")),
            Moment(begin + 2, "mended", lambda: each("mend"), heals=True),
        )
    ]
    assert_nothing_lost(books(remote, SECONDS, flaps))


def test_a_line_that_is_late_and_narrow_loses_nothing(remote: Stack, lines: dict[str, BadLine], books: Books) -> None:
    """200 ms late, and 64 kB/s: what comes in waits, and drains when the line is good again."""

    def all_lines(delay: float, bytes_per_second: float) -> None:
        for name in LINES:
            lines[name].delay, lines[name].bytes_per_second = delay, bytes_per_second

    moments = [
        Moment(1, "bad", lambda: all_lines(0.2, 64_000)),
        Moment(SECONDS - 4, "good", lambda: all_lines(0, 0), heals=True),
    ]
    assert_nothing_lost(books(remote, SECONDS, moments))
