"""A sampler that lets the meter see every model call, whatever the sampling rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

from heliograph.genai._read import looks_like_genai

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, SpanKind, TraceState
    from opentelemetry.util.types import Attributes

__all__ = ["MeterAllSampler", "may_drop"]


class MeterAllSampler(Sampler):
    """Turns DROP into RECORD_ONLY for GenAI spans: processors see them, exporters do not.

    A span processor never sees what the sampler dropped; with a ratio of 0.1, nine calls of ten would be missing
    from every metric.
    """

    def __init__(self, inner: Sampler) -> None:
        self._inner = inner

    def should_sample(  # noqa: PLR0917 - the signature is the SDK's
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide as the sampler within does, but record calls that it drops."""
        result = self._inner.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)
        if result.decision is Decision.DROP and looks_like_genai(attributes):
            # The span starts with the result's attributes, and a dropping sampler gives none.
            return SamplingResult(Decision.RECORD_ONLY, attributes, result.trace_state)
        return result

    def get_description(self) -> str:
        """Name this sampler and the one within."""
        return f"MeterAllSampler{{{self._inner.get_description()}}}"


def may_drop(sampler: object) -> bool:
    """Whether a sampler of somebody else's can drop spans, as far as its description tells."""
    describe = getattr(sampler, "get_description", None)
    text = str(describe()) if callable(describe) else type(sampler).__name__
    return not text.startswith(("AlwaysOnSampler", "ParentBased{root:AlwaysOnSampler", "MeterAllSampler"))
