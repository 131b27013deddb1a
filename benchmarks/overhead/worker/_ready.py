"""A contender that is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.overhead.worker import _model

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Ready", "of_client"]


@dataclass(frozen=True)
class Ready:
    """Its calls, each with a number that makes the prompt its own, and how to send what waits.

    `packages` are the distributions that the contender consists of, for their versions.
    """

    chat: Callable[[int], None]
    stream: Callable[[int], None]
    flush: Callable[[], object]
    packages: tuple[str, ...] = field(default=())


def of_client(client: object, flush: Callable[[], object], *packages: str) -> Ready:
    """Make it of a client that tells about its calls by itself."""
    return Ready(
        chat=lambda number: _model.chat(client, number),
        stream=lambda number: _model.stream(client, number),
        flush=flush,
        packages=packages,
    )
