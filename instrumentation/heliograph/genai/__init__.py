"""What an application did with its models: queries, chains, calls, their tokens and their cost.

`query` and `chain` mark what belongs together; everything else here runs behind `heliograph.configure`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heliograph.genai._chain import chain
    from heliograph.genai._query import query
    from heliograph.genai._run import QueryRun, current_query

__all__ = ["QueryRun", "chain", "current_query", "query"]

_HOMES = {"QueryRun": "_run", "chain": "_chain", "current_query": "_run", "query": "_query"}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'heliograph.genai' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"heliograph.genai.{home}"), name)
    globals()[name] = value
    return value
