"""From a finished span, in any of the known spellings, to one `Call`."""

from __future__ import annotations

import ast
import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import StatusCode

from heliograph.genai import vocabulary as v
from heliograph.genai._call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import ReadableSpan

    from heliograph.genai._call import CallStatus

__all__ = ["failure_of", "is_call", "looks_like_genai", "read_call", "starts_call"]

_LANGSMITH_SCOPE: Final = "langsmith"
_LANGSMITH_CALLS: Final = frozenset({"llm", "embedding"})
_LONGEST_DETAILS: Final = 2000


def looks_like_genai(attributes: Mapping[str, Any] | None) -> bool:
    """Whether the attributes of a span that starts say that it is about a model, tool or agent."""
    return bool(attributes) and any(name in attributes for name in (*v.OPERATION.names, *v.PROVIDER.names))  # type: ignore[operator]


def starts_call(attributes: Mapping[str, Any] | None) -> bool:
    """Whether the attributes of a span that starts say that it is one call of a model, as far as can be told then."""
    return bool(attributes) and _operation(attributes) in v.COUNTED_OPERATIONS  # type: ignore[arg-type]


def is_call(span: ReadableSpan) -> bool:
    """Whether the finished span is one call of a model.

    LangSmith names the operation of a retriever "embeddings" and of a prompt or parser "chat": there the kind of
    the run decides.
    """
    attributes = span.attributes
    if not attributes or _operation(attributes) not in v.COUNTED_OPERATIONS:
        return False
    return not _from_langsmith(span) or attributes.get(v.LANGSMITH_KIND.name) in _LANGSMITH_CALLS


def read_call(span: ReadableSpan) -> Call:
    """Read a finished span; `is_call(span)` must hold."""
    attributes = span.attributes or {}
    latency = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
    finish = _first(attributes, v.FINISH_REASONS)
    if isinstance(finish, (list, tuple)):
        finish = finish[0] if finish else None
    inputs = _details(attributes, v.INPUT_TOKEN_DETAILS)
    outputs = _details(attributes, v.OUTPUT_TOKEN_DETAILS)
    streamed = bool(_first(attributes, v.STREAMED))
    ttft = _number(_first(attributes, v.TIME_TO_FIRST_CHUNK))
    status, error_type = _outcome(span, attributes, streamed=streamed, finished=finish is not None)
    return Call(
        operation=_operation(attributes),
        provider=str(_first(attributes, v.PROVIDER) or "unknown"),
        model=str(_first(attributes, v.RESPONSE_MODEL) or _first(attributes, v.REQUEST_MODEL) or "unknown"),
        requested_model=str(_first(attributes, v.REQUEST_MODEL) or "") or None,
        status=status,
        latency=max(latency, 0.0),
        error_type=error_type,
        input_tokens=_count(_first(attributes, v.INPUT_TOKENS)),
        output_tokens=_count(_first(attributes, v.OUTPUT_TOKENS)),
        cache_read_tokens=_count(_first(attributes, v.CACHE_READ_TOKENS) or inputs.get("cache_read")) or 0,
        cache_write_tokens=_count(_first(attributes, v.CACHE_WRITE_TOKENS) or inputs.get("cache_creation")) or 0,
        reasoning_tokens=_count(_first(attributes, v.REASONING_TOKENS) or outputs.get("reasoning")) or 0,
        input_audio_tokens=_count(_first(attributes, v.INPUT_AUDIO_TOKENS) or inputs.get("audio")) or 0,
        output_audio_tokens=_count(_first(attributes, v.OUTPUT_AUDIO_TOKENS) or outputs.get("audio")) or 0,
        usage_estimated=bool(_first(attributes, v.USAGE_ESTIMATED)),
        service_tier=_text(_first(attributes, v.SERVICE_TIER)),
        time_to_first_token=ttft,
        finish_reason=None if finish is None else str(finish),
        response_id=_text(_first(attributes, v.RESPONSE_ID)),
        prompt_name=_text(_first(attributes, v.PROMPT_NAME)),
        prompt_version=_text(_first(attributes, v.PROMPT_VERSION)),
        ended=span.end_time or 0,
        scope=span.instrumentation_scope.name if span.instrumentation_scope else "",
    )


def failure_of(span: ReadableSpan) -> str | None:
    """Name the error of a failed span; None for a good one.

    A LangSmith run that failed may arrive with status OK and an exception event: that is an error too. In
    other scopes an exception event alone is none, since it may have been handled.
    """
    attributes = span.attributes or {}
    named = _text(_first(attributes, v.ERROR_TYPE))
    raised = next((e for e in reversed(span.events) if e.name == "exception"), None)
    raised_type = _text((raised.attributes or {}).get("exception.type")) if raised else None
    from_langsmith = _from_langsmith(span)
    if span.status.status_code is StatusCode.ERROR or named or (from_langsmith and raised):
        if from_langsmith and raised:
            # LangSmith wraps every error in a bare Exception whose message starts with "TypeName(": use that.
            message = str((raised.attributes or {}).get("exception.message") or "")
            head = message.split("(", 1)[0].strip()
            if head.isidentifier():
                return head
        return named or raised_type or "_OTHER"
    return None


def _outcome(
    span: ReadableSpan, attributes: Mapping[str, Any], *, streamed: bool, finished: bool
) -> tuple[CallStatus, str | None]:
    if attributes.get(v.CALL_STATUS.name) == "cancelled":
        return "cancelled", None
    failure = failure_of(span)
    if failure is not None:
        abandoned = "abandoned stream" in (span.status.description or "")
        if abandoned or failure.rsplit(".", 1)[-1] in v.CANCELLED_ERRORS or failure in v.CANCELLED_ERRORS:
            return "cancelled", None
        return "error", failure
    # The official instrumentors end an early-closed stream without an error, a finish reason or usage.
    if streamed and not finished and _first(attributes, v.OUTPUT_TOKENS) is None:
        return "cancelled", None
    return "success", None


def _from_langsmith(span: ReadableSpan) -> bool:
    return span.instrumentation_scope is not None and span.instrumentation_scope.name == _LANGSMITH_SCOPE


def _operation(attributes: Mapping[str, Any]) -> str:
    name = str(_first(attributes, v.OPERATION) or "")
    return v.OPERATION_ALIASES.get(name, name)


def _first(attributes: Mapping[str, Any], spec: v.AttributeSpec) -> Any:  # noqa: ANN401 - attribute values vary
    for name in spec.names:
        value = attributes.get(name)
        if value is not None:
            return value
    return None


def _details(attributes: Mapping[str, Any], spec: v.AttributeSpec) -> dict[str, Any]:
    value = attributes.get(spec.name)
    if not isinstance(value, str):
        return {}
    # LangSmith writes str(dict): Python's notation, not JSON's.
    for parse in (ast.literal_eval, json.loads):
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            found = parse(value[:_LONGEST_DETAILS])
            return found if isinstance(found, dict) else {}
    return {}


def _count(value: Any) -> int | None:  # noqa: ANN401
    number = _number(value)
    return None if number is None else int(number)


def _number(value: Any) -> float | None:  # noqa: ANN401
    """Pass a finite number that is not negative, else None: a NaN would spoil a counter for good."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        return None
    return value


def _text(value: Any) -> str | None:  # noqa: ANN401
    return None if value is None or value == "" else str(value)
