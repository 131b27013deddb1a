"""What carries prompts, answers or headers."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CONTENT_ATTRIBUTES",
    "CONTENT_PREFIXES",
]

CONTENT_ATTRIBUTES: Final = frozenset(
    {
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.tool.definitions",
        "gen_ai.prompt",
        "gen_ai.completion",
        "gen_ai.request.extra_body",
        "langsmith.request.headers",
        "traceloop.entity.input",
        "traceloop.entity.output",
        "input.value",
        "output.value",
    }
)
"""What carries prompts, answers or headers; removed before export unless content is asked for."""

CONTENT_PREFIXES: Final = (
    "gen_ai.prompt.variable.",
    "gen_ai.prompt.0",
    "gen_ai.completion.0",
    "llm.input_messages.",
    "llm.output_messages.",
)
