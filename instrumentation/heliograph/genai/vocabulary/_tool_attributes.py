"""What a span says about the run of a tool."""

from __future__ import annotations

from typing import Final

from heliograph.genai.vocabulary import _dialects as d
from heliograph.genai.vocabulary._spec import AttributeSpec

__all__ = ["TOOL_CALL_ID", "TOOL_NAME"]

TOOL_NAME: Final = AttributeSpec(
    "gen_ai.tool.name",
    "Name of the tool that ran; the span's name stands in for it.",
    spellings={
        d.OPENINFERENCE: ("tool.name",),
        d.OPENLLMETRY: ("traceloop.entity.name",),
        d.VERCEL: ("ai.toolCall.name",),
    },
)
TOOL_CALL_ID: Final = AttributeSpec(
    "gen_ai.tool.call.id",
    "The id under which the model asked for the run: two layers that say the same id tell of one run.",
    spellings={d.OPENINFERENCE: ("tool_call.id",), d.VERCEL: ("ai.toolCall.id",)},
)
