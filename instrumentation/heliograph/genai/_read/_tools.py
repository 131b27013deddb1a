"""From a finished span, in anybody's spelling, to one run of a tool; None where it is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._plain import attributes_of
from heliograph.genai._read._dialects import dialect_of
from heliograph.genai._read._values import first, text
from heliograph.genai._tool import ToolRun

if TYPE_CHECKING:
    from heliograph.genai._read._span import Named

__all__ = ["read_tool"]

# What says, on a span that ended, that it may be one: few spans of an application have any of these.
_MARKS: Final = frozenset(
    {
        *v.OPERATION.names,
        v.OPENINFERENCE_KIND.name,
        v.OPENLLMETRY_KIND.name,
        v.LANGFUSE_KIND.name,
        v.LANGSMITH_KIND.name,
        v.VERCEL_OPERATION.name,
    }
)
_BEFORE: Final = ("execute_tool ", "tools/call ", "running tool: ")
_AFTER: Final = (".tool",)
_LONGEST: Final = 256


def read_tool(span: Named) -> ToolRun | None:
    """Read the run of a tool that the finished span is."""
    attributes = attributes_of(span)
    if _MARKS.isdisjoint(attributes):
        return None
    dialect = dialect_of(span, attributes)
    if not dialect.is_tool(attributes):
        return None
    failure = dialect.failure(span, attributes)
    # The class without its module, as queries and chains name it: exception events have both.
    named = failure.rsplit(".", 1)[-1] if failure is not None else None
    left = named in v.CANCELLED_ERRORS
    return ToolRun(
        tool=(text(first(attributes, v.TOOL_NAME)) or _named(span.name))[:_LONGEST],
        status="cancelled" if left else "error" if failure is not None else "success",
        error_type=None if left else named,
        call_id=text(first(attributes, v.TOOL_CALL_ID)),
        scope=span.instrumentation_scope.name if span.instrumentation_scope else "",
        started=span.start_time or 0,
        ended=span.end_time or 0,
    )


def _named(span: str) -> str:
    """Take the tool's name from that of a span, without what instrumentors put around it."""
    for head in _BEFORE:
        span = span.removeprefix(head)
    for tail in _AFTER:
        span = span.removesuffix(tail)
    return span.strip() or "unknown"
