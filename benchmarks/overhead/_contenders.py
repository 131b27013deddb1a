"""Who is measured: where its packages are, and which function of `worker` sets it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BY_HAND", "CONTENDERS", "HELIOGRAPH", "LANGFUSE", "Contender"]


@dataclass(frozen=True)
class Contender:
    """A way to know about model calls.

    `setup` is `module:function` in `benchmarks.overhead.worker`; `peer` is the environment of `peers` it runs in.
    """

    name: str
    title: str
    setup: str
    peer: str


BY_HAND: Final = "by-hand"
HELIOGRAPH: Final = "heliograph"
LANGFUSE: Final = "langfuse"

CONTENDERS: Final[Mapping[str, Contender]] = {
    each.name: each
    for each in (
        Contender("nothing", "nothing (the noise)", "_ours:nothing", "openai"),
        Contender(BY_HAND, "a span and three metrics by hand", "_by_hand:by_hand", "openai"),
        Contender(HELIOGRAPH, "heliograph", "_ours:heliograph", "openai"),
    )
}
