"""Values that decide how a span is counted."""

from __future__ import annotations

from typing import Final

__all__ = [
    "BLOCKED_FINISH_REASONS",
    "CANCELLED_ERRORS",
    "COUNTED_OPERATIONS",
    "OPERATION_ALIASES",
]

COUNTED_OPERATIONS: Final = frozenset(
    {"chat", "text_completion", "completion", "generate_content", "embeddings", "rerank"}
)
"""Operations that are one call of a model. Agents, workflows and tools hold calls; they are none themselves."""

OPERATION_ALIASES: Final = {"completion": "text_completion", "embedding": "embeddings", "reranker": "rerank"}

CANCELLED_ERRORS: Final = frozenset(
    {"CancelledError", "GeneratorExit", "KeyboardInterrupt", "AbandonedStreamError", "asyncio.CancelledError"}
)
"""Exception classes that mean the caller went away: status `cancelled`, no error."""

BLOCKED_FINISH_REASONS: Final = frozenset({"content_filter", "safety", "SAFETY", "refusal", "blocked"})
