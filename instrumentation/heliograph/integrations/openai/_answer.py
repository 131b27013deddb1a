"""From an answer to the attributes its span ends with.

An answer is an object of the client's, or a body parsed by us: either way its fields are attributes, and any of them
may be missing or of another type, since compatible endpoints leave out and put in what they like, and the client builds
its objects without checking. Nothing here raises for the sake of what was answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heliograph.genai._read._values import count

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

__all__ = ["completion_attributes", "response_attributes", "usage_attributes"]

_IDENTITY: Final = (
    ("id", "gen_ai.response.id"),
    ("model", "gen_ai.response.model"),
    ("service_tier", "openai.response.service_tier"),
)


def completion_attributes(answer: Any) -> dict[str, AttributeValue]:  # noqa: ANN401 - see the module's text
    """Read a chat completion, a legacy completion or embeddings (the latter have no id and no choices)."""
    said = _identity(answer)
    choices = getattr(answer, "choices", None)
    if isinstance(choices, (list, tuple)):
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
    if usage is None:
        return {}
    told = _fields(usage)
    asked = _fields(told.get("prompt_tokens_details") or told.get("input_tokens_details"))
    made = _fields(told.get("completion_tokens_details") or told.get("output_tokens_details"))
    totals = (
        ("gen_ai.usage.input_tokens", told.get("prompt_tokens", told.get("input_tokens"))),
        ("gen_ai.usage.output_tokens", told.get("completion_tokens", told.get("output_tokens"))),
    )
    subsets = (
        ("gen_ai.usage.cache_read.input_tokens", asked.get("cached_tokens") or told.get("prompt_cache_hit_tokens")),
        (
            "gen_ai.usage.cache_creation.input_tokens",
            asked.get("cache_write_tokens") or told.get("cache_creation_input_tokens"),
        ),
        ("heliograph.usage.input_audio_tokens", asked.get("audio_tokens")),
        ("gen_ai.usage.reasoning.output_tokens", made.get("reasoning_tokens")),
        ("heliograph.usage.output_audio_tokens", made.get("audio_tokens")),
    )
    said: dict[str, AttributeValue] = {name: tokens for name, given in totals if (tokens := count(given)) is not None}
    said.update((name, tokens) for name, given in subsets if given and (tokens := count(given)))
    return said


def _fields(holder: Any) -> dict[str, Any]:  # noqa: ANN401
    """Give an object's fields, those that the client's types do not know included; {} where it is no object."""
    fields = holder if isinstance(holder, dict) else getattr(holder, "__dict__", None)
    if not isinstance(fields, dict):
        return {}
    extra = getattr(holder, "__pydantic_extra__", None)
    return {**fields, **extra} if extra else fields


def _identity(answer: Any) -> dict[str, AttributeValue]:  # noqa: ANN401
    said: dict[str, AttributeValue] = {}
    told = _fields(answer)
    for field, name in _IDENTITY:
        value = told.get(field)
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
    items = getattr(answer, "output", None)
    called = isinstance(items, (list, tuple)) and any(getattr(each, "type", None) == "function_call" for each in items)
    return "tool_calls" if called else "stop"
