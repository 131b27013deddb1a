"""From an answer to the attributes its span ends with.

An answer is an object of the client's, or a body parsed by us: either way its fields are attributes, and any of them
may be missing, since compatible endpoints leave out what they like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

__all__ = ["completion_attributes", "response_attributes", "usage_attributes"]


def completion_attributes(answer: Any) -> dict[str, AttributeValue]:  # noqa: ANN401 - see the module's text
    """Read a chat completion, a legacy completion or embeddings (the latter have no id and no choices)."""
    said = _identity(answer)
    choices = getattr(answer, "choices", None)
    if choices:
        reasons = [str(reason) for each in choices if (reason := getattr(each, "finish_reason", None))]
        if reasons:
            said["gen_ai.response.finish_reasons"] = reasons
    said.update(usage_attributes(getattr(answer, "usage", None)))
    return said


def response_attributes(answer: Any) -> dict[str, AttributeValue]:  # noqa: ANN401
    """Read a response of the Responses API, whose finish reason is told in other words."""
    said = _identity(answer)
    reason = _finish_reason(answer)
    if reason is not None:
        said["gen_ai.response.finish_reasons"] = [reason]
    conversation = getattr(getattr(answer, "conversation", None), "id", None)
    if isinstance(conversation, str):
        said["gen_ai.conversation.id"] = conversation
    said.update(usage_attributes(getattr(answer, "usage", None)))
    return said


def usage_attributes(usage: Any) -> dict[str, AttributeValue]:  # noqa: ANN401
    """Read a `usage` in the spelling of either API; empty where there is none.

    Subsets of the totals: DeepSeek writes `prompt_cache_hit_tokens`; gateways before Anthropic's models
    `cache_creation_input_tokens`.
    """
    said: dict[str, AttributeValue] = {}
    if usage is None:
        return said
    inputs = _count(usage, "prompt_tokens", "input_tokens")
    outputs = _count(usage, "completion_tokens", "output_tokens")
    if inputs is not None:
        said["gen_ai.usage.input_tokens"] = inputs
    if outputs is not None:
        said["gen_ai.usage.output_tokens"] = outputs
    asked = getattr(usage, "prompt_tokens_details", None) or getattr(usage, "input_tokens_details", None)
    made = getattr(usage, "completion_tokens_details", None) or getattr(usage, "output_tokens_details", None)
    subsets = (
        ("gen_ai.usage.cache_read.input_tokens", _count(asked, "cached_tokens")),
        ("gen_ai.usage.cache_creation.input_tokens", _count(asked, "cache_write_tokens")),
        ("heliograph.usage.input_audio_tokens", _count(asked, "audio_tokens")),
        ("gen_ai.usage.reasoning.output_tokens", _count(made, "reasoning_tokens")),
        ("heliograph.usage.output_audio_tokens", _count(made, "audio_tokens")),
    )
    said.update((name, tokens) for name, tokens in subsets if tokens)
    if "gen_ai.usage.cache_read.input_tokens" not in said:
        read = _count(usage, "prompt_cache_hit_tokens")
        if read:
            said["gen_ai.usage.cache_read.input_tokens"] = read
    if "gen_ai.usage.cache_creation.input_tokens" not in said:
        written = _count(usage, "cache_creation_input_tokens")
        if written:
            said["gen_ai.usage.cache_creation.input_tokens"] = written
    return said


def _identity(answer: Any) -> dict[str, AttributeValue]:  # noqa: ANN401
    said: dict[str, AttributeValue] = {}
    for field, name in (
        ("id", "gen_ai.response.id"),
        ("model", "gen_ai.response.model"),
        ("service_tier", "openai.response.service_tier"),
        ("system_fingerprint", "openai.response.system_fingerprint"),
    ):
        value = getattr(answer, field, None)
        if isinstance(value, str) and value:
            said[name] = value
    return said


def _finish_reason(answer: Any) -> str | None:  # noqa: ANN401
    status = getattr(answer, "status", None)
    if status == "incomplete":
        why = getattr(getattr(answer, "incomplete_details", None), "reason", None)
        return "length" if why == "max_output_tokens" else str(why or "incomplete")
    if status != "completed":
        return None
    items = getattr(answer, "output", None) or ()
    return "tool_calls" if any(getattr(item, "type", None) == "function_call" for item in items) else "stop"


def _count(holder: Any, *names: str) -> int | None:  # noqa: ANN401
    for name in names:
        value = getattr(holder, name, None)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None
