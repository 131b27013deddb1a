"""LangSmith's variables: two spellings (`LANGSMITH_*`, `LANGCHAIN_*`), three ways to name the mode.

https://docs.langchain.com/langsmith/trace-with-opentelemetry; `langsmith.client._resolve_tracing_mode` for their order.
"""

from __future__ import annotations

import os
from typing import Final, Literal, cast

__all__ = ["Mode", "asks_for_nothing", "mode", "otherwise", "switched_off", "value_of"]

Mode = Literal["langsmith", "otel", "hybrid"]

NAMESPACES: Final = ("LANGSMITH", "LANGCHAIN")
_MODES: Final = ("langsmith", "otel", "hybrid")
_CREDENTIALS: Final = ("API_KEY", "OAUTH_ACCESS_TOKEN", "RUNS_ENDPOINTS")
_TRUE: Final = frozenset({"1", "true"})

# Spans are made here, in every mode: what the variables say about langsmith's own exporter must not reach it.
_OVERRULED: Final = {"TRACING_MODE": "langsmith", "OTEL_ENABLED": "false", "OTEL_ONLY": "false"}


def value_of(*names: str) -> str | None:
    """Give what the user set, the first of `names` first; blank counts as not set, as it does to langsmith."""
    for name in names:
        for namespace in NAMESPACES:
            value = os.environ.get(f"{namespace}_{name}", "").strip()
            if value:
                return value
    return None


def switched_off() -> bool:
    """Whether the user switched tracing off. Not switched on is not off: spans need no LangSmith."""
    said = value_of("TRACING_V2", "TRACING")
    return said is not None and said.lower() != "true"


def asks_for_nothing() -> bool:
    """Whether no variable names a way to authenticate at LangSmith."""
    return value_of(*_CREDENTIALS) is None


def mode() -> Mode:
    """Give the mode that the user asks for; an unknown word is LangSmith's default."""
    said = (value_of("TRACING_MODE") or "").lower()
    if said in _MODES:
        return cast("Mode", said)
    if (value_of("OTEL_ONLY") or "").lower() in _TRUE:
        return "otel"
    return "hybrid" if (value_of("OTEL_ENABLED") or "").lower() in _TRUE else "langsmith"


def otherwise(name: str, value: str | None) -> str | None:
    """Give what langsmith is answered when it asks for `name` (without namespace) and would get `value`.

    It is answered there and not set in the environment, which child processes inherit.
    """
    if name in _OVERRULED:
        return _OVERRULED[name]
    if name == "TRACING" and value_of("TRACING_V2", "TRACING") is None:
        return "true"
    if name == "USE_DAEMON" and value is None:
        # Its threads otherwise keep a process that ends waiting for a LangSmith out of reach: 40 s were measured. What
        # they have left is sent at the end for a time that is bounded (`_sent.Senders`).
        return "true"
    return value
