"""Who wrote a span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._read._langfuse import Langfuse
from heliograph.genai._read._langsmith import LangSmith
from heliograph.genai._read._openinference import OpenInference
from heliograph.genai._read._otel import Dialect
from heliograph.genai._read._vercel import Vercel

if TYPE_CHECKING:
    from heliograph.genai._read._span import Readable

__all__ = ["dialect_of"]

_OTEL: Final = Dialect()
_LANGSMITH: Final = LangSmith()
_LANGSMITH_SCOPE: Final = "langsmith"
_LITELLM_SCOPE: Final = "litellm"

# A mark that only one dialect sets, in the order in which they are asked for.
_MARKED: Final = (
    (v.VERCEL_OPERATION.name, Vercel()),
    (v.OPENINFERENCE_KIND.name, OpenInference()),
    (v.LANGFUSE_KIND.name, Langfuse()),
)


def dialect_of(span: Readable) -> Dialect:
    """Decide how a span is to be read: the only place that does.

    LangSmith is known by its scope. LiteLLM may add marks of others to OpenTelemetry's names, with numbers that are
    OpenTelemetry's: its scope decides, too.
    """
    scope = span.instrumentation_scope.name if span.instrumentation_scope else ""
    if scope == _LANGSMITH_SCOPE:
        return _LANGSMITH
    attributes = span.attributes or {}
    if scope != _LITELLM_SCOPE or v.OPERATION.name not in attributes:
        for mark, dialect in _MARKED:
            if mark in attributes:
                return dialect
    return _OTEL
