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
    `sends` is false for those of whom nothing is to arrive.
    """

    name: str
    title: str
    setup: str
    peer: str
    sends: bool = True


BY_HAND: Final = "by-hand"
HELIOGRAPH: Final = "heliograph"
LANGFUSE: Final = "langfuse"

CONTENDERS: Final[Mapping[str, Contender]] = {
    each.name: each
    for each in (
        Contender("nothing", "nothing (the noise)", "_ours:nothing", "openai", sends=False),
        Contender(BY_HAND, "a span and three metrics by hand", "_by_hand:by_hand", "openai"),
        Contender(HELIOGRAPH, "**heliograph**: spans, metrics, cost, quota, events", "_ours:heliograph", "openai"),
        Contender("openai-v2", "OpenTelemetry contrib, openai-v2 (deprecated)", "_official:openai_v2", "openai-v2"),
        Contender("official", "OpenTelemetry GenAI", "_official:official", "official-openai"),
        Contender(
            "official+metrics",
            "OpenTelemetry GenAI, and metrics by a span processor",
            "_official:official_with_metrics",
            "official-openai",
        ),
        Contender(LANGFUSE, "Langfuse", "_vendors:langfuse", "langfuse"),
        Contender("openinference", "OpenInference", "_official:openinference", "openinference-openai"),
        Contender("openlit", "OpenLIT", "_vendors:openlit", "openlit"),
        Contender("logfire", "Logfire", "_vendors:logfire", "logfire"),
        Contender("openllmetry", "OpenLLMetry (Traceloop's SDK)", "_vendors:openllmetry", "traceloop"),
        Contender("langsmith", "LangSmith", "_vendors:langsmith", "langsmith"),
    )
}
