"""From a run to the attributes of its span.

Names are those of OpenTelemetry's GenAI conventions; what has none keeps the name under which LangSmith itself reads
it from spans (https://docs.langchain.com/langsmith/trace-with-opentelemetry#supported-opentelemetry-attributes), so
that a copy which arrives there over OTLP is a run with its kind, name, project, tags and metadata again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._text import short
from heliograph.integrations._langsmith._run import Run, nanoseconds
from heliograph.integrations._langsmith._usage import messages_of, usage_of

__all__ = ["CALLS", "at_end", "at_start", "content", "error_of", "ids_of"]

_OPERATIONS: Final = {"llm": "chat", "embedding": "embeddings", "tool": "execute_tool", "retriever": "retrieval"}
_TEXT_MODELS: Final = frozenset({"llm", "text", "completion"})
CALLS: Final = frozenset({"llm", "embedding"})
"""Kinds of runs that are one call of a model."""

# `ls_provider` is LangChain's word; OpenTelemetry's well-known values differ for some.
# https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/#gen-ai-provider-name
_PROVIDERS: Final = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google_genai": "gcp.gen_ai",
    "google": "gcp.gen_ai",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}

# Where nobody names the provider, the model's name usually does.
_FAMILIES: Final = (
    ("openai", ("gpt-", "o1", "o3", "o4", "text-embedding-", "chatgpt-")),
    ("anthropic", ("claude",)),
    ("gcp.gen_ai", ("gemini",)),
    ("mistral_ai", ("mistral", "ministral", "codestral")),
    ("deepseek", ("deepseek",)),
    ("cohere", ("command-",)),
    ("x_ai", ("grok",)),
)

# request attribute, type, metadata's name, parameter's names
_PARAMETERS: Final = (
    ("gen_ai.request.temperature", float, "ls_temperature", ("temperature",)),
    ("gen_ai.request.max_tokens", int, "ls_max_tokens", ("max_tokens", "max_completion_tokens", "max_output_tokens")),
    ("gen_ai.request.top_p", float, "ls_top_p", ("top_p",)),
    ("gen_ai.request.frequency_penalty", float, "", ("frequency_penalty",)),
    ("gen_ai.request.presence_penalty", float, "", ("presence_penalty",)),
    ("gen_ai.request.seed", int, "", ("seed",)),
)

# Metadata that are told otherwise, or hold prompts (predictions, schemas, tools).
_NOT_COPIED: Final = frozenset(
    {"invocation_params", "ls_invocation_params", "usage_metadata", "revision_id", "runtime"}
)
_MOST_METADATA: Final = 64
_LONGEST_VALUE: Final = 1_000
_LONGEST_MESSAGE: Final = 2_000
_LONGEST_TRACE: Final = 16_000
_LONGEST_CONTENT: Final = 65_536

_SESSION_NAMES: Final = ("session_id", "thread_id", "conversation_id")
"""LangSmith groups runs into threads by the first of these that the metadata have."""

# An agent that stops to ask a person, or hands over, raises to do so: LangGraph's control flow, no failure.
_CONTROL_FLOW: Final = frozenset({"GraphInterrupt", "NodeInterrupt", "GraphBubbleUp", "GraphDelegate", "ParentCommand"})


def at_start(run: Run) -> dict[str, Any]:
    """Give what is known when the run begins; samplers and the meter see it."""
    said: dict[str, Any] = {v.LANGSMITH_KIND.name: run.kind or "chain", "langsmith.trace.name": run.name or "run"}
    if run.project:
        said["langsmith.trace.session_name"] = str(run.project)
    operation = _OPERATIONS.get(run.kind)
    if run.kind == "llm" and run.metadata.get("ls_model_type") in _TEXT_MODELS:
        operation = "text_completion"
    if operation is not None:
        said[v.OPERATION.name] = operation
    if run.kind in CALLS:
        said |= _request(run)
    if run.kind == "tool":
        said["gen_ai.tool.name"] = run.name
        call = run.extra.get("tool_call_id") or run.metadata.get("tool_call_id")
        if call is not None:
            said["gen_ai.tool.call.id"] = str(call)
    return said | _labels(run)


def at_end(run: Run) -> dict[str, Any]:
    """Give what is known when the run has ended, as far as it may differ from the start."""
    said = _labels(run)
    if run.kind in CALLS:
        said |= _request(run) | _answer(run) | _tokens(run)
        if v.FINISH_REASONS.name in said or v.OUTPUT_TOKENS.name in said:
            # Of a run told without either, "streamed" would mean to the meter that the stream was left early.
            said |= _streaming(run)
    return said


def ids_of(run: Run) -> tuple[str | None, str | None]:
    """Give (user id, session id) from the run's metadata; None where they have none."""
    metadata = run.metadata
    session = next((metadata[name] for name in _SESSION_NAMES if metadata.get(name)), None)
    user = metadata.get("user_id")
    return short(str(user)) if user else None, short(str(session)) if session else None


def error_of(run: Run) -> tuple[str, str, str] | None:
    """Give (class, message, traceback) of a run that failed; None for one that did not.

    LangSmith is told `repr(error)`, followed by the traceback: the class is what stands before the bracket.
    """
    if run.error is None:
        return None
    head, _, trace = run.error.partition("Traceback (most recent call last)")
    kind = head.split("(", 1)[0].strip()
    if not kind.replace(".", "_").isidentifier():
        kind = "_OTHER"
    if kind in _CONTROL_FLOW:
        return None
    return (
        kind,
        head.strip()[:_LONGEST_MESSAGE],
        trace and f"Traceback (most recent call last){trace}"[-_LONGEST_TRACE:],
    )


def content(inputs: Mapping[str, Any] | None, outputs: Mapping[str, Any] | None) -> dict[str, str]:
    """Give inputs and outputs as JSON, under LangSmith's names; the content policy decides over them at export."""
    said = {}
    for name, value in (("gen_ai.prompt", inputs), ("gen_ai.completion", outputs)):
        if value:
            said[name] = json.dumps(value, default=str, ensure_ascii=False)[:_LONGEST_CONTENT]
    return said


def _labels(run: Run) -> dict[str, Any]:
    """Tags and metadata, which code within the run may add to; and the ids among them."""
    said: dict[str, Any] = {}
    if run.tags:
        said["langsmith.span.tags"] = ", ".join(run.tags)[:_LONGEST_VALUE]
    for name, value in list(run.metadata.items())[:_MOST_METADATA]:
        if name not in _NOT_COPIED and value is not None:
            said[f"langsmith.metadata.{name}"] = _plain(value)
    user, session = ids_of(run)
    if user is not None:
        said[v.USER_ID.name] = user
    if session is not None:
        said[v.SESSION_ID.name] = session
    return said


def _request(run: Run) -> dict[str, Any]:
    metadata, parameters = run.metadata, run.invocation
    said: dict[str, Any] = {}
    model = (
        metadata.get("ls_model_name") or parameters.get("model") or parameters.get("model_name") or _model(run.inputs)
    )
    provider = str(metadata.get("ls_provider") or "").lower()
    if model:
        said[v.REQUEST_MODEL.name] = str(model)
        provider = provider or _family(str(model))
    if provider:
        said[v.PROVIDER.name] = _PROVIDERS.get(provider, provider)
    for attribute, kind, named, names in _PARAMETERS:
        value = metadata.get(named)
        if value is None:
            value = next((found[name] for found in (parameters, run.inputs) for name in names if name in found), None)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            said[attribute] = kind(value)
    return said


def _answer(run: Run) -> dict[str, Any]:
    """Read what the model's answer says of itself: at the top of the outputs, or in LangChain's messages."""
    outputs = run.outputs
    llm_output = outputs.get("llm_output")
    holders: list[Mapping[str, Any]] = [outputs]
    if isinstance(llm_output, Mapping):
        holders.append(llm_output)
    for message in messages_of(outputs):
        about = message.get("response_metadata")
        holders += [about] if isinstance(about, Mapping) else []
    said: dict[str, Any] = {}
    for attribute, names in (
        (v.RESPONSE_ID.name, ("id",)),
        (v.RESPONSE_MODEL.name, ("model", "model_name")),
        (v.SERVICE_TIER.name, ("service_tier",)),
        ("gen_ai.openai.response.system_fingerprint", ("system_fingerprint",)),
    ):
        value = next((holder[name] for holder in holders for name in names if holder.get(name)), None)
        if isinstance(value, str):
            said[attribute] = value
    reasons = _reasons(holders)
    if reasons:
        said[v.FINISH_REASONS.name] = reasons
    return said


def _streaming(run: Run) -> dict[str, Any]:
    """Whether the answer was streamed, and the seconds until its first token (the time is that of its arrival)."""
    said: dict[str, Any] = {}
    if run.inputs.get("stream") is True or run.invocation.get("stream") is True:
        said[v.STREAMED.name] = True
    first = next((event for event in run.events if event.get("name") == "new_token"), None)
    at = nanoseconds(first.get("time")) if first else None
    if at is not None and run.start is not None and at >= run.start:
        said[v.STREAMED.name] = True
        said[v.TIME_TO_FIRST_CHUNK.name] = (at - run.start) / 1e9
    return said


def _reasons(holders: Sequence[Mapping[str, Any]]) -> list[str]:
    for holder in holders:
        choices = holder.get("choices")
        if isinstance(choices, Sequence) and not isinstance(choices, str):
            found = [str(each["finish_reason"]) for each in choices if _mapping(each).get("finish_reason")]
            if found:
                return found
        for name in ("finish_reason", "stop_reason"):
            if isinstance(holder.get(name), str) and holder[name]:
                return [holder[name]]
        if holder.get("object") == "response" and isinstance(holder.get("status"), str):
            return [holder["status"]]
    return []


def _tokens(run: Run) -> dict[str, int]:
    usage = usage_of(run)
    if usage is None:
        return {}
    counts = {
        v.INPUT_TOKENS.name: usage.input,
        v.OUTPUT_TOKENS.name: usage.output,
        "gen_ai.usage.total_tokens": usage.total,
        v.CACHE_READ_TOKENS.name: usage.cache_read,
        v.CACHE_WRITE_TOKENS.name: usage.cache_write,
        v.REASONING_TOKENS.name: usage.reasoning,
        v.INPUT_AUDIO_TOKENS.name: usage.input_audio,
        v.OUTPUT_AUDIO_TOKENS.name: usage.output_audio,
    }
    return {name: count for name, count in counts.items() if count is not None}


def _family(model: str) -> str:
    name = model.lower().rsplit("/", 1)[-1]
    return next((provider for provider, heads in _FAMILIES if name.startswith(heads)), "")


def _model(inputs: Mapping[str, Any]) -> str | None:
    """Find the model among a client's arguments; an application's own `model` argument may be anything."""
    model = inputs.get("model")
    return model if isinstance(model, str) else None


def _plain(value: Any) -> str | bool | int | float:  # noqa: ANN401
    if isinstance(value, (str, bool, int, float)):
        return value[:_LONGEST_VALUE] if isinstance(value, str) else value
    return json.dumps(value, default=str, ensure_ascii=False)[:_LONGEST_VALUE]


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401
    return value if isinstance(value, Mapping) else {}
