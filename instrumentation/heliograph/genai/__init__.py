"""What an application did with its models: queries, chains, calls, their tokens and their cost.

`query` and `chain` mark what belongs together; everything else here runs behind `heliograph.configure`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph._lazy import exports

if TYPE_CHECKING:
    from heliograph.genai._chain import chain
    from heliograph.genai._query import query
    from heliograph.genai._run import QueryRun, current_query

__all__ = ["QueryRun", "chain", "current_query", "query"]

__getattr__ = exports(__name__, {"QueryRun": "_run", "chain": "_chain", "current_query": "_run", "query": "_query"})
