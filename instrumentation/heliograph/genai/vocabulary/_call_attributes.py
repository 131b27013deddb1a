"""What a span says about a call of a model, apart from its tokens."""

from __future__ import annotations

from typing import Final

from heliograph.genai.vocabulary import _dialects as d
from heliograph.genai.vocabulary._spec import AttributeSpec

__all__ = [
    "CALL_STATUS",
    "COST_USD",
    "ERROR_TYPE",
    "FINISH_REASONS",
    "LANGSMITH_SENT",
    "METERED",
    "OPERATION",
    "PROVIDER",
    "REQUEST_MODEL",
    "RESPONSE_ID",
    "RESPONSE_MODEL",
    "SERVICE_TIER",
    "STREAMED",
    "TIME_TO_FIRST_CHUNK",
]

OPERATION: Final = AttributeSpec(
    "gen_ai.operation.name",
    "What was asked for: chat, text_completion, generate_content, embeddings or rerank are calls of a model, "
    "execute_tool is a run of a tool.",
    spellings={d.OPENLLMETRY: ("llm.request.type",), d.LITELLM: ("llm.request.type",)},
    derived={
        d.OPENINFERENCE: ("openinference.span.kind",),
        d.LANGSMITH: ("langsmith.span.kind",),
        d.LANGFUSE: ("langfuse.observation.type",),
        d.VERCEL: ("ai.operationId",),
        d.OPENLLMETRY: ("traceloop.span.kind",),
    },
)
PROVIDER: Final = AttributeSpec(
    "gen_ai.provider.name",
    "Who answers, by OpenTelemetry's name; other names of the same provider are translated.",
    spellings={
        d.OTEL_OLD: ("gen_ai.system",),
        d.OPENINFERENCE: ("llm.provider", "llm.system"),
        d.OPENLLMETRY: ("gen_ai.system", "llm.vendor"),
        d.VERCEL: ("ai.model.provider",),
    },
)
REQUEST_MODEL: Final = AttributeSpec(
    "gen_ai.request.model",
    "Model asked for.",
    spellings={
        d.OPENINFERENCE: (
            "llm.request.model_name",
            "llm.model_name",
            "embedding.model_name",
            "reranker.model_name",
        ),
        d.OPENLLMETRY: ("llm.request.model",),
        d.LANGFUSE: ("langfuse.observation.model.name",),
        d.VERCEL: ("ai.model.id",),
    },
)
RESPONSE_MODEL: Final = AttributeSpec(
    "gen_ai.response.model",
    "Model that answered.",
    spellings={
        d.OPENINFERENCE: ("llm.response.model_name",),
        d.OPENLLMETRY: ("llm.response.model",),
        d.LITELLM: ("litellm.provider.model",),
        d.VERCEL: ("ai.response.model",),
    },
)
RESPONSE_ID: Final = AttributeSpec(
    "gen_ai.response.id", "The provider's id of the answer.", spellings={d.VERCEL: ("ai.response.id",)}
)
FINISH_REASONS: Final = AttributeSpec(
    "gen_ai.response.finish_reasons",
    "Why the model stopped; the first one counts.",
    type="strings",
    spellings={
        d.OTEL_OLD: ("gen_ai.response.finish_reason",),
        d.OPENINFERENCE: ("llm.finish_reason",),
        d.OPENLLMETRY: (
            "gen_ai.response.finish_reason",
            "gen_ai.response.stop_reason",
            "llm.response.finish_reason",
            "llm.response.stop_reason",
        ),
        d.VERCEL: ("ai.response.finishReason",),
    },
)
STREAMED: Final = AttributeSpec(
    "gen_ai.request.stream",
    "Whether the answer was streamed.",
    type="boolean",
    spellings={
        d.OPENLIT: ("gen_ai.request.is_stream",),
        d.OPENLLMETRY: ("gen_ai.is_streaming", "llm.is_streaming"),
        d.LITELLM: ("llm.is_streaming",),
        d.LANGSMITH: ("langsmith.request.streaming",),
    },
    derived={d.OPENINFERENCE: ("llm.invocation_parameters",), d.VERCEL: ("ai.operationId",)},
)
SERVICE_TIER: Final = AttributeSpec(
    "openai.response.service_tier",
    "Tier the call was billed in: default, flex, batch, priority; the one asked for where no answer names one.",
    spellings={
        d.OTEL: ("openai.request.service_tier",),
        d.OTEL_OLD: ("gen_ai.openai.response.service_tier", "gen_ai.openai.request.service_tier"),
        d.LITELLM: ("gen_ai.openai.response.service_tier", "gen_ai.openai.request.service_tier"),
        d.LANGSMITH: ("gen_ai.response.service_tier",),
    },
)
CALL_STATUS: Final = AttributeSpec(
    "heliograph.call.status", "cancelled where the caller left before the answer ended; absent otherwise."
)
TIME_TO_FIRST_CHUNK: Final = AttributeSpec(
    "gen_ai.response.time_to_first_chunk",
    "Time from the request to the first chunk of a streamed answer.",
    type="double",
    unit="s",
    spellings={d.OPENLIT: ("gen_ai.server.time_to_first_token",)},
    derived={
        d.LANGFUSE: ("langfuse.observation.completion_start_time",),
        d.VERCEL: ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
    },
)
ERROR_TYPE: Final = AttributeSpec(
    "error.type", "Class of the error.", derived={d.LANGFUSE: ("langfuse.observation.level",)}
)
COST_USD: Final = AttributeSpec(
    "llm.cost_usd", "Cost of the call in US dollars, added before export.", type="double", unit="USD"
)
METERED: Final = AttributeSpec(
    "heliograph.metered", "true on spans that the application itself metered: nobody else counts them.", type="boolean"
)
LANGSMITH_SENT: Final = AttributeSpec(
    "heliograph.langsmith.sent",
    "true on spans of an application that sends its runs to LangSmith itself: the collector's copy leaves out their "
    "traces.",
    type="boolean",
)
