"""A sampler that lets the meter see every model call, whatever the sampling rate, and marks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

from heliograph.genai._mark import with_mark, within_call
from heliograph.genai._read import SILENT_AT_START, looks_like_genai, starts_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, SpanKind, TraceState
    from opentelemetry.util.types import Attributes

__all__ = ["MeterAllSampler", "may_drop"]


class MeterAllSampler(Sampler):
    """Turns DROP into RECORD_ONLY for GenAI spans: processors see them, exporters do not. Marks calls of models.

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
        state = result.trace_state
        # Within a call every span is seen: a hole between two layers would make them look like two calls.
        if not looks_like_genai(attributes) and name not in SILENT_AT_START and not within_call(state):
            return result
        # The span starts with the result's attributes, and a dropping sampler gives none.
        dropped = result.decision is Decision.DROP
        return SamplingResult(
            Decision.RECORD_ONLY if dropped else result.decision,
            attributes if dropped else result.attributes,
            with_mark(state) if starts_call(attributes) else state,
        )

    def get_description(self) -> str:
        """Name this sampler and the one within."""
        return f"MeterAllSampler{{{self._inner.get_description()}}}"


def may_drop(sampler: object) -> bool:
    """Whether a sampler of somebody else's can drop spans, as far as its description tells."""
    describe = getattr(sampler, "get_description", None)
    text = str(describe()) if callable(describe) else type(sampler).__name__
    return not text.startswith(("AlwaysOnSampler", "ParentBased{root:AlwaysOnSampler", "MeterAllSampler"))
