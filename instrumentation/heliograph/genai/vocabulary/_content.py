"""What carries prompts, answers, tool arguments, documents or headers, in every dialect we know.

Looked up in the packages' own source: opentelemetry-util-genai 1.3b0 (OpenTelemetry's current names),
opentelemetry-instrumentation-openai-v2 2.4b0 and -botocore 0.66b2 (its older events),
openinference-semantic-conventions 0.1.42, opentelemetry-semantic-conventions-ai 0.5.1 with the instrumentors of
OpenLLMetry 0.62.4, langsmith 0.14.17, langfuse 5.0.4, litellm 1.109.1, openlit 1.45.0, pydantic-ai-slim 2.68.0,
strands-agents 1.62.0, mlflow-tracing 3.17.2 (which reads many of the others), Vercel's `ai` 6.0.326.

A list of names is behind the day it is written: one of these packages alone has some hundred. So names of their
namespaces are judged by their words, too, and a doubtful one counts as content.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "CONTENT_ATTRIBUTES",
    "CONTENT_EVENTS",
    "CONTENT_EXCEPTIONS",
    "CONTENT_PREFIXES",
    "FREE_TEXTS",
    "PARAMETER_ATTRIBUTES",
    "QUERY_ATTRIBUTES",
    "VECTOR_STORES",
    "is_content",
    "is_content_event",
    "is_metadata_of_content",
]

CONTENT_ATTRIBUTES: Final = frozenset(
    {
        # OpenTelemetry, current
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.tool.definitions",
        "gen_ai.retrieval.query.text",
        "gen_ai.retrieval.documents",
        # OpenTelemetry, before; LangSmith; OpenLLMetry
        "gen_ai.prompt",
        "gen_ai.completion",
        "gen_ai.request.extra_body",
        "gen_ai.request.extra_query",
        "gen_ai.headers",
        "gen_ai.serialized.doc",
        "langsmith.request.headers",
        "llm.headers",
        "llm.request.functions",
        "traceloop.entity.input",
        "traceloop.entity.output",
        "traceloop.prompt.template",
        "traceloop.prompt.template_variables",
        # OpenInference
        "input.value",
        "output.value",
        "input.images",
        "output.images",
        "input.documents",
        "output.documents",
        "llm.prompts",
        "llm.choices",
        "llm.function_call",
        "llm.input_messages",
        "llm.output_messages",
        "llm.tools",
        "llm.prompt_template.template",
        "llm.prompt_template.variables",
        "tool.parameters",
        "tool.json_schema",
        "tool.result",
        "tool.output",
        "reranker.query",
        # Langfuse
        "langfuse.observation.input",
        "langfuse.observation.output",
        "langfuse.trace.input",
        "langfuse.trace.output",
        # Vercel AI SDK
        "ai.prompt",
        "ai.prompt.messages",
        "ai.prompt.tools",
        "ai.response.text",
        "ai.response.object",
        "ai.response.reasoning",
        "ai.response.toolCalls",
        "ai.response.providerMetadata",
        "ai.toolCall.args",
        "ai.toolCall.result",
        "ai.value",
        "ai.values",
        "ai.documents",
        "ai.ranking",
        "ai.embedding",
        "ai.embeddings",
        "ai.schema",
        # pydantic-ai, Logfire
        "all_messages_events",
        "pydantic_ai.all_messages",
        "final_result",
        "tool_arguments",
        "tool_response",
        "request_data",
        "response_data",
        # Google's ADK, MLflow
        "gcp.vertex.agent.data",
        "gcp.vertex.agent.llm_request",
        "gcp.vertex.agent.llm_response",
        "gcp.vertex.agent.tool_call_args",
        "gcp.vertex.agent.tool_response",
        "mlflow.spanInputs",
        "mlflow.spanOutputs",
        "mlflow.traceInputs",
        "mlflow.traceOutputs",
        "mlflow.chat.tools",
        # LiteLLM
        "llm.request.messages",
        "litellm.request.body",
        "litellm.response.body",
    }
)
"""What carries prompts, answers or headers; removed before export unless content is asked for."""

_PREFIXES: Final = (
    # A variable may be called anything, "name" as well: no word of it says what it is.
    "gen_ai.prompt.variable.",
    "llm.prompt_template.variables.",
    "traceloop.prompt.template_variables.",
    "ai.request.headers.",
    # What a vector store was asked with, and found (OpenLLMetry); values bound to a statement (OpenTelemetry).
    "db.query.parameter.",
    "db.query.embeddings",
    "db.search.embeddings",
)

CONTENT_PREFIXES: Final = (
    *_PREFIXES,
    "gen_ai.prompt.0",
    "gen_ai.completion.0",
    "llm.input_messages.",
    "llm.output_messages.",
)
"""A coarse list, for who cannot ask `is_content`: roles and finish reasons stand under these, too."""

_NAMESPACES: Final = (
    "gen_ai.",
    "llm.",
    "ai.",
    "input.",
    "output.",
    "message.",
    "message_content.",
    "embedding.",
    "reranker.",
    "retrieval.",
    "prompt.",
    "completion.",
    "document.",
    "traceloop.",
    "langfuse.",
    "langsmith.",
    "litellm.",
    "pydantic_ai.",
    "mlflow.",
    "openai.",
    "anthropic.",
    "crewai.",
    "haystack.",
    "llamaindex.",
    "langgraph.",
    "smolagents.",
    "autogen.",
    "agno.",
    "strands.",
    "lk.",
    "mcp.",
    "gcp.vertex.agent.",
    "pinecone.",
    "qdrant.",
    "db.chroma.",
    "db.milvus.",
    "db.marqo.",
    "db.query.result.",
    "db.search.result.",
)

# fmt: off
_CONTENT_WORDS: Final = frozenset(
    """answer answers argument arguments args body chunk completion completions content contents context data document
    documents embedding embeddings entity explanation goal headers history image images input inputs instruction
    instructions memory message messages object output outputs payload plan prompt prompts queries query question
    reasoning response result results schema summary template text texts thinking thought thoughts tools transcript
    transcription utterance value values variable variables vector""".split()  # noqa: SIM905 - a hundred quotes say no more
)

_METADATA_WORDS: Final = frozenset(
    """age category choice cost count credit effort enabled encoding format formats hash id ids index k key kind label
    language length level limit mime model models name names namespace number order path position provider ratio reason
    reasons ref role score scores signature size source sources status stop strategy threshold tier time timestamp
    token tokens truncated type types unit usage vendor version width""".split()  # noqa: SIM905 - a hundred quotes say no more
)
# fmt: on

_HARMLESS_PREFIXES: Final = (
    "gen_ai.usage.",
    "gen_ai.response.model",
    "llm.usage.",
    "llm.token_count.",
    "llm.cost.",
    "ai.usage.",
    "langfuse.observation.usage_details",
    "langfuse.observation.cost_details",
)

PARAMETER_ATTRIBUTES: Final = frozenset(
    {
        "llm.invocation_parameters",
        "embedding.invocation_parameters",
        "langfuse.observation.model.parameters",
        "gen_ai.request.parameters",
    }
)
"""JSON of a request's parameters: of these the plain ones (temperature, seed, ...) stay, the texts are content."""

QUERY_ATTRIBUTES: Final = frozenset({"db.statement", "db.query.text", "db.query.summary"})
"""A statement of SQL is no content; what a vector store is asked is what the user asked."""

VECTOR_STORES: Final = frozenset(
    {"astra", "chroma", "chromadb", "lancedb", "marqo", "milvus", "pinecone", "qdrant", "vespa", "weaviate"}
)
"""Values of `db.system` and `db.system.name`."""

FREE_TEXTS: Final = frozenset(
    {
        "exception.message",
        "exception.stacktrace",
        "error.message",
        "langfuse.observation.status_message",
        "gen_ai.error.message",
    }
)
"""Texts of failures: they stay in every mode, since nothing else says what went wrong; redacted like content."""

CONTENT_EXCEPTIONS: Final = ("OutputParserException", "OutputParserError")
"""Exceptions whose message is the model's answer ("Could not parse LLM output: ...": langchain-core)."""

CONTENT_EVENTS: Final = frozenset(
    {
        "gen_ai.choice",
        "gen_ai.content.prompt",
        "gen_ai.content.completion",
        "gen_ai.client.inference.operation.details",
        "gen_ai.evaluation.result",
        "llm.content.completion.chunk",
        "gen_ai.content.completion.chunk",
        "all_messages_events",
    }
)
"""Span events and log records of instrumentors that hold messages; `gen_ai.<role>.message` are more of them."""

_EVENT_METADATA: Final = frozenset(
    {"event.name", "event_name", "finish_reason", "id", "index", "name", "role", "tool_call_id", "type"}
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD: Final = re.compile(r"[a-z]+")


def is_content(name: str) -> bool:
    """Whether text under this name is a prompt, an answer or a part of them. Numbers never are."""
    if name in CONTENT_ATTRIBUTES or name.startswith(_PREFIXES):
        return True
    if not name.startswith(_NAMESPACES) or name.startswith(_HARMLESS_PREFIXES) or name in FREE_TEXTS:
        return False
    words = _WORD.findall(_CAMEL.sub(" ", name).lower())
    return bool(words) and words[-1] not in _METADATA_WORDS and not _CONTENT_WORDS.isdisjoint(words)


def is_content_event(name: str) -> bool:
    """Whether a span event or log record of this name holds messages."""
    return name in CONTENT_EVENTS or (name.startswith("gen_ai.") and name.endswith(".message"))


def is_metadata_of_content(name: str) -> bool:
    """Whether, within a content event, what has this (short) name is about the message and not the message."""
    return name in _EVENT_METADATA or ("." in name and not is_content(name))
