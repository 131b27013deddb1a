"""From a finished span, in anybody's spelling, to one `Call`.

Attributes are looked for under every spelling of the vocabulary. What is a call of a model, what its token counts
include and what a failure looks like depends on who wrote the span: one class per dialect says so, and
`_dialects.dialect_of` is the one place that decides which.

Spans are the SDK's or anything with `attributes`, `events`, `status`, `start_time`, `end_time` and
`instrumentation_scope` (`Readable`). Attributes are data from outside: nothing here trusts their types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._call import Call
from heliograph.genai._plain import attributes_of
from heliograph.genai._providers import canonical_provider
from heliograph.genai._read._dialects import dialect_of, dialect_of_attributes
from heliograph.genai._read._ids import read_ids
from heliograph.genai._read._tools import read_tool
from heliograph.genai._read._usage import whole
from heliograph.genai._read._values import first, flag, text, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._call import CallStatus
    from heliograph.genai._read._otel import Dialect
    from heliograph.genai._read._span import Readable

__all__ = [
    "SILENT_AT_START",
    "call_at_start",
    "failure_of",
    "is_call",
    "looks_like_genai",
    "read_call",
    "read_ids",
    "read_tool",
    "starts_call",
]

# What says, as a span starts, that it is about a model, tool or agent.
_MARKS: Final = frozenset(
    {
        *v.OPERATION.names,
        *v.PROVIDER.names,
        v.OPENINFERENCE_KIND.name,
        v.LANGFUSE_KIND.name,
        v.VERCEL_OPERATION.name,
        v.OPENLLMETRY_KIND.name,
    }
)


SILENT_AT_START: Final = frozenset({"litellm_request", "openai.response"})
"""Names of spans of calls that say nothing of themselves before they end: LiteLLM's `otel` callback makes them after
the fact, and so does OpenLLMetry's openai of the Responses API."""


def looks_like_genai(attributes: Mapping[str, Any] | None) -> bool:
    """Whether the attributes of a span that starts say that it is about a model, tool or agent."""
    return bool(attributes) and not _MARKS.isdisjoint(attributes)  # type: ignore[arg-type]


def call_at_start(attributes: Mapping[str, Any] | None) -> str | None:
    """Name the operation of a span that starts, where its attributes say already that it is a call of a model."""
    if not attributes or not looks_like_genai(attributes):
        return None
    operation = dialect_of_attributes(attributes).operation(attributes)
    return operation if operation in v.COUNTED_OPERATIONS else None


def starts_call(attributes: Mapping[str, Any] | None) -> bool:
    """Whether a span that starts is one call of a model, as far as its attributes tell by then."""
    return call_at_start(attributes) is not None


def is_call(span: Readable) -> bool:
    """Whether the finished span is one call of a model: no agent, workflow, chain or tool, and no cache's answer."""
    attributes = attributes_of(span)
    if not attributes or flag(attributes.get(v.CACHE_HIT.name)):
        return False
    return dialect_of(span, attributes).operation(attributes) in v.COUNTED_OPERATIONS


def read_call(span: Readable) -> Call:
    """Read a finished span; `is_call(span)` must hold."""
    attributes = attributes_of(span)
    dialect = dialect_of(span, attributes)
    requested = dialect.requested_model(attributes)
    model = text(first(attributes, v.RESPONSE_MODEL)) or requested or "unknown"
    provider = canonical_provider(text(first(attributes, v.PROVIDER)), model)
    usage = whole(dialect.usage(span, attributes, provider, model))
    finish = _finish_reason(attributes)
    ttft = dialect.time_to_first_token(span, attributes)
    status, error_type = _outcome(span, attributes, dialect, ended=finish is not None or usage.outputs is not None)
    return Call(
        operation=dialect.operation(attributes),
        provider=provider,
        model=model,
        requested_model=requested,
        status=status,
        latency=dialect.latency(span, attributes),
        error_type=error_type,
        input_tokens=usage.inputs,
        output_tokens=usage.outputs,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        reasoning_tokens=usage.reasoning,
        input_audio_tokens=usage.input_audio,
        output_audio_tokens=usage.output_audio,
        usage_estimated=flag(first(attributes, v.USAGE_ESTIMATED)),
        service_tier=text(first(attributes, v.SERVICE_TIER)),
        time_to_first_token=ttft,
        finish_reason=finish,
        response_id=text(first(attributes, v.RESPONSE_ID)),
        prompt_name=text(first(attributes, v.PROMPT_NAME)),
        prompt_version=text(first(attributes, v.PROMPT_VERSION)),
        ended=span.end_time or 0,
        scope=span.instrumentation_scope.name if span.instrumentation_scope else "",
    )


def failure_of(span: Readable) -> str | None:
    """Name the error of a failed span; None for a good one.

    In most dialects an exception event alone is no failure, since it may have been handled.
    """
    attributes = attributes_of(span)
    return dialect_of(span, attributes).failure(span, attributes)


def _finish_reason(attributes: Mapping[str, Any]) -> str | None:
    finish = first(attributes, v.FINISH_REASONS)
    if isinstance(finish, str) and finish.startswith("["):
        finish = texts(finish)  # LiteLLM writes JSON
    if isinstance(finish, (list, tuple)):
        finish = finish[0] if finish else None
    return text(finish)


def _outcome(
    span: Readable, attributes: Mapping[str, Any], dialect: Dialect, *, ended: bool
) -> tuple[CallStatus, str | None]:
    if attributes.get(v.CALL_STATUS.name) == "cancelled":
        return "cancelled", None
    failure = dialect.failure(span, attributes)
    if failure is not None:
        abandoned = "abandoned stream" in (span.status.description or "")
        if abandoned or failure.rsplit(".", 1)[-1] in v.CANCELLED_ERRORS or failure in v.CANCELLED_ERRORS:
            return "cancelled", None
        return "error", failure
    if dialect.was_left(span, attributes, ended=ended):
        return "cancelled", None
    return "success", None
