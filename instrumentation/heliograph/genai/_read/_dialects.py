"""Who wrote a span: the only place that decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import vocabulary as v
from heliograph.genai._read._langfuse import Langfuse
from heliograph.genai._read._langsmith import LangSmith
from heliograph.genai._read._litellm import LiteLLM
from heliograph.genai._read._logfire import SCOPE as _LOGFIRE_SCOPE
from heliograph.genai._read._logfire import Logfire
from heliograph.genai._read._openinference import OpenInference
from heliograph.genai._read._otel import Dialect
from heliograph.genai._read._vercel import Vercel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._read._span import Readable

__all__ = ["dialect_of", "dialect_of_attributes"]

_OTEL: Final = Dialect()
_LANGSMITH: Final = LangSmith()
_LITELLM: Final = LiteLLM()
_LOGFIRE: Final = Logfire()
_LANGSMITH_SCOPE: Final = "langsmith"
_LITELLM_SCOPE: Final = "litellm"

# A mark that only one dialect sets, in the order in which they are asked for.
_MARKED: Final = (
    (v.VERCEL_OPERATION.name, Vercel()),
    (v.OPENINFERENCE_KIND.name, OpenInference()),
    (v.LANGFUSE_KIND.name, Langfuse()),
)


def dialect_of(span: Readable, attributes: Mapping[str, Any]) -> Dialect:
    """Decide how a span is to be read.

    LangSmith and Logfire are known by their scopes: Logfire marks all spans of its provider. LiteLLM may add marks of
    others to OpenTelemetry's names, with numbers that are OpenTelemetry's: its scope decides, too.
    """
    scope = span.instrumentation_scope.name if span.instrumentation_scope else ""
    if scope == _LANGSMITH_SCOPE:
        return _LANGSMITH
    if scope == _LITELLM_SCOPE and v.OPERATION.name in attributes:
        return _LITELLM
    if scope.startswith(_LOGFIRE_SCOPE):
        return _LOGFIRE
    return dialect_of_attributes(attributes)


def dialect_of_attributes(attributes: Mapping[str, Any]) -> Dialect:
    """Decide by the attributes alone: all that is known of a span that starts."""
    return next((dialect for mark, dialect in _MARKED if mark in attributes), _OTEL)
