"""The rows of the matrix: which peer, how its application calls, what shows that the peer was at work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BESIDE", "FIRST", "ROWS", "Beside", "First", "Row"]

Beside = Literal["alone", "official", "ours"]
First = Literal["heliograph", "peer"]

BESIDE: Final[tuple[Beside, ...]] = ("alone", "official", "ours")
FIRST: Final[tuple[First, ...]] = ("peer", "heliograph")


@dataclass(frozen=True)
class Row:
    """A peer in one of its modes.

    `scope`: how the scopes of the peer's spans begin; where none has arrived, the cell proves nothing.
    `cached_untold`: why the cost is that of uncached tokens where the peer alone tells of the calls: nobody is beside
    it, or it was set up first, and heliograph leaves a client alone that is instrumented already.
    `cannot`: what is not possible, by who is beside or who is first, and why.
    """

    name: str
    title: str
    shown: tuple[str, ...]
    road: str = "client"
    scope: str = ""
    environment: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    cached_untold: str = ""
    cannot: Mapping[Beside | First, str] = field(default_factory=dict)

    @property
    def peer(self) -> str:
        """The environment it runs in."""
        return self.environment or self.name


_LANGSMITH: Final = {"LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "any"}
_TWICE: Final = "it is the official one"

ROWS: Final[Mapping[str, Row]] = {
    row.name: row
    for row in (
        Row(
            "openai",
            "nobody else",
            ("openai",),
            cannot={"alone": "nobody tells of the calls", "official": "the next row"},
        ),
        Row(
            "official-openai",
            "OpenTelemetry, openai",
            ("opentelemetry-instrumentation-genai-openai",),
            scope="opentelemetry.instrumentation.genai.openai",
            cannot={"official": _TWICE},
        ),
        Row(
            "official-langchain",
            "OpenTelemetry, LangChain",
            ("opentelemetry-instrumentation-genai-langchain", "langchain-openai"),
            road="langchain",
            scope="opentelemetry.instrumentation.genai.langchain",
        ),
        Row(
            "official-agents",
            "OpenTelemetry, OpenAI's agents",
            ("opentelemetry-instrumentation-genai-openai-agents", "openai-agents"),
            road="agents",
            scope="opentelemetry.instrumentation.genai.openai_agents",
            cannot={"alone": "it tells of agents and tools; the calls are for the client's instrumentor to tell"},
        ),
        Row(
            "openai-v2",
            "OpenTelemetry contrib (deprecated)",
            ("opentelemetry-instrumentation-openai-v2", "opentelemetry-util-genai"),
            scope="opentelemetry.instrumentation.openai_v2",
            cached_untold="it does not tell which tokens came from the provider's cache: cost at the full price",
            cannot={"official": "the two cannot be installed together: they need different opentelemetry-util-genai"},
        ),
        Row(
            "openinference-openai",
            "OpenInference, openai",
            ("openinference-instrumentation-openai",),
            scope="openinference",
        ),
        Row(
            "openinference-langchain",
            "OpenInference, LangChain",
            ("openinference-instrumentation-langchain", "langchain-openai"),
            road="langchain",
            scope="openinference",
        ),
        Row(
            "openllmetry-openai",
            "OpenLLMetry, openai",
            ("opentelemetry-instrumentation-openai",),
            scope="opentelemetry.instrumentation.openai",
        ),
        Row("traceloop", "Traceloop's SDK", ("traceloop-sdk",), scope="opentelemetry.instrumentation.openai"),
        Row(
            "langsmith",
            "LangSmith",
            ("langsmith",),
            road="langsmith",
            scope="heliograph.langsmith",
            variables=_LANGSMITH,
        ),
        Row(
            "langsmith-otel",
            "LangSmith, OTel mode",
            ("langsmith",),
            road="langsmith",
            scope="heliograph.langsmith",
            environment="langsmith",
            variables={**_LANGSMITH, "LANGSMITH_OTEL_ENABLED": "true"},
        ),
        Row("langfuse", "Langfuse", ("langfuse",), road="langfuse", scope="langfuse"),
        Row("openlit", "OpenLIT", ("openlit", "openai"), scope="openlit"),
        Row(
            "logfire",
            "Logfire",
            ("logfire",),
            scope="logfire",
            cannot={
                "heliograph": "its spans go to a provider of its own, which heliograph joins only where it finds it: "
                "call logfire.configure() first"
            },
        ),
    )
}
