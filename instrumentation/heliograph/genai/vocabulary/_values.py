"""Values that decide how a span is counted."""

from __future__ import annotations

from typing import Final

__all__ = [
    "BLOCKED_FINISH_REASONS",
    "CANCELLED_ERRORS",
    "COUNTED_OPERATIONS",
    "OPERATION_ALIASES",
    "TOOL_OPERATION",
]

COUNTED_OPERATIONS: Final = frozenset({"chat", "text_completion", "generate_content", "embeddings", "rerank"})
"""Operations that are one call of a model. Agents, workflows and tools hold calls; they are none themselves."""

TOOL_OPERATION: Final = "execute_tool"
"""The operation that is one run of a tool."""

OPERATION_ALIASES: Final = {
    # OpenLLMetry's llm.request.type; LLM_REQUEST of its semantic conventions.
    "completion": "text_completion",
    "embedding": "embeddings",
    "reranker": "rerank",
    "llm_request": "chat",
    # LiteLLM's call types: sync, and with an "a" async. What is billed by image, second or page is an attempt, too.
    "acompletion": "chat",
    "completion_with_retries": "chat",
    "responses": "chat",
    "aresponses": "chat",
    "anthropic_messages": "chat",
    "atext_completion": "text_completion",
    "aembedding": "embeddings",
    "arerank": "rerank",
    "agenerate_content": "generate_content",
    "image_generation": "generate_content",
    "aimage_generation": "generate_content",
    "speech": "generate_content",
    "aspeech": "generate_content",
    "transcription": "generate_content",
    "atranscription": "generate_content",
    "ocr": "generate_content",
    "aocr": "generate_content",
    # OpenLIT.
    "image": "generate_content",
    "audio": "generate_content",
    "speech_to_text": "generate_content",
    "text_to_speech": "generate_content",
}
"""Operations by other names."""

CANCELLED_ERRORS: Final = frozenset(
    {"CancelledError", "GeneratorExit", "KeyboardInterrupt", "AbandonedStreamError", "asyncio.CancelledError"}
)
"""Exception classes that mean the caller went away: status `cancelled`, no error."""

BLOCKED_FINISH_REASONS: Final = frozenset(
    {
        "content_filter",  # OpenAI, Azure
        "content-filter",  # Vercel AI SDK
        "content_filtered",  # Bedrock
        "guardrail_intervened",  # Bedrock
        "refusal",  # Anthropic
        "blocked",
        "ERROR_TOXIC",  # Cohere
        # Gemini's, as it writes them and in small letters.
        *(
            spelling
            for reason in (
                "BLOCKLIST",
                "IMAGE_SAFETY",
                "LANGUAGE",
                "PROHIBITED_CONTENT",
                "RECITATION",
                "SAFETY",
                "SPII",
            )
            for spelling in (reason, reason.lower())
        ),
    }
)
"""Finish reasons of answers that the provider held back."""
