"""Whose call it was: user, session, tenant, chain, prompt."""

from __future__ import annotations

from typing import Final

from heliograph.genai.vocabulary import _dialects as d
from heliograph.genai.vocabulary._spec import AttributeSpec

__all__ = [
    "CHAIN",
    "PROMPT_NAME",
    "PROMPT_VERSION",
    "QUERY_TYPE",
    "SESSION_ID",
    "TENANT",
    "USER_ID",
]

USER_ID: Final = AttributeSpec(
    "user.id",
    "Of the query; copied onto every span within it.",
    spellings={
        d.OTEL_OLD: ("enduser.id",),
        d.OPENLLMETRY: ("gen_ai.user", "llm.user", "traceloop.association.properties.user_id"),
        d.LANGFUSE: ("langfuse.user.id",),
        d.LANGSMITH: ("langsmith.metadata.user_id",),
        d.LITELLM: ("llm.user", "metadata.user_api_key_end_user_id", "metadata.user_api_key_user_id"),
        d.VERCEL: ("ai.telemetry.metadata.userId",),
    },
)
SESSION_ID: Final = AttributeSpec(
    "session.id",
    "Of the query; copied onto every span within it.",
    spellings={
        d.OTEL: ("gen_ai.conversation.id",),
        d.OPENLLMETRY: ("traceloop.association.properties.session_id",),
        d.LANGFUSE: ("langfuse.session.id",),
        # `langsmith.trace.session_id` is the id of the tracing project, not of a session.
        d.LANGSMITH: (
            "langsmith.metadata.session_id",
            "langsmith.metadata.thread_id",
            "langsmith.metadata.conversation_id",
        ),
        d.VERCEL: ("ai.telemetry.metadata.sessionId",),
    },
)
TENANT: Final = AttributeSpec(
    "heliograph.tenant",
    "Of the query; copied onto every span within it.",
    spellings={
        d.OPENLLMETRY: ("traceloop.association.properties.tenant_id",),
        d.LANGSMITH: ("langsmith.metadata.tenant_id",),
        d.LITELLM: ("metadata.user_api_key_team_id",),
        d.VERCEL: ("ai.telemetry.metadata.tenantId",),
    },
)
QUERY_TYPE: Final = AttributeSpec("heliograph.query_type", "Of the query; copied onto every span within it.")
CHAIN: Final = AttributeSpec(
    "heliograph.chain",
    "The innermost chain around the span.",
    spellings={
        d.OTEL: ("gen_ai.workflow.name",),
        d.OPENLLMETRY: ("traceloop.workflow.name",),
        d.VERCEL: ("ai.telemetry.functionId",),
    },
)
PROMPT_NAME: Final = AttributeSpec(
    "gen_ai.prompt.name",
    "Prompt template in use.",
    spellings={
        d.OPENINFERENCE: ("prompt.id",),
        d.OPENLLMETRY: ("traceloop.prompt.key",),
        d.LANGFUSE: ("langfuse.observation.prompt.name",),
    },
)
PROMPT_VERSION: Final = AttributeSpec(
    "heliograph.prompt_version",
    "Version of the prompt template.",
    spellings={
        d.OTEL: ("gen_ai.prompt.version",),
        d.OPENINFERENCE: ("llm.prompt_template.version",),
        d.OPENLLMETRY: ("traceloop.prompt.version",),
        d.LANGFUSE: ("langfuse.observation.prompt.version",),
    },
)
