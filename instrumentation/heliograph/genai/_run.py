"""The query and the chain a piece of code runs in, carried in OpenTelemetry's context."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context

from heliograph.genai import vocabulary as v

if TYPE_CHECKING:
    from opentelemetry.context import Context

__all__ = ["CHAIN_KEY", "RUN_KEY", "QueryIds", "QueryRun", "RunRegistry", "chain_of", "current_query", "run_of"]

RUN_KEY: Final = otel_context.create_key("heliograph-query")
CHAIN_KEY: Final = otel_context.create_key("heliograph-chain")


@dataclass(frozen=True, slots=True)
class QueryIds:
    """Whose query it is. The ids go on spans, exemplars and events; none but tenant and type on metrics."""

    query_type: str = "default"
    user_id: str | None = None
    session_id: str | None = None
    tenant: str | None = None
    chain: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None

    def span_attributes(self) -> dict[str, str]:
        """Give the attributes every span within the query carries; absent ids are left out."""
        pairs = (
            (v.USER_ID, self.user_id),
            (v.SESSION_ID, self.session_id),
            (v.TENANT, self.tenant),
            (v.QUERY_TYPE, self.query_type),
            (v.PROMPT_NAME, self.prompt_name),
            (v.PROMPT_VERSION, self.prompt_version),
        )
        return {spec.name: value for spec, value in pairs if value is not None}


@dataclass(slots=True)
class QueryRun:
    """One query while it runs: what `with heliograph.query() as q` gives.

    `trace_id` is 32 hexadecimal digits ("" when nothing traces); `cost_usd` and `llm_calls` grow with every
    call counted within the query.
    """

    ids: QueryIds
    trace_id: str = ""
    cost_usd: float = 0.0
    llm_calls: int = 0
    error_type: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def fail(self, error_type: str) -> None:
        """Count the query as an error although no exception leaves it (a refusal, an apology, a timeout)."""
        self.error_type = error_type

    def add_call(self, cost_usd: float) -> None:
        """Add one counted call."""
        with self._lock:
            self.llm_calls += 1
            self.cost_usd += cost_usd


class RunRegistry:
    """Queries by trace id, for spans that come without their context (LangSmith makes them on a thread)."""

    _CAPACITY: Final = 4096

    def __init__(self) -> None:
        self._runs: OrderedDict[int, QueryRun] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, trace_id: int, run: QueryRun) -> None:
        """Remember a query; the oldest is forgotten when there are too many."""
        with self._lock:
            self._runs[trace_id] = run
            while len(self._runs) > self._CAPACITY:
                self._runs.popitem(last=False)

    def get(self, trace_id: int) -> QueryRun | None:
        """Find the newest query of the trace."""
        return self._runs.get(trace_id)

    def after_fork(self) -> None:
        """Replace the lock, which another thread of the parent may have held."""
        self._lock = threading.Lock()


RUNS: Final = RunRegistry()


def run_of(context: Context | None = None) -> QueryRun | None:
    """Find the query that the context (the current one by default) is in."""
    run = otel_context.get_value(RUN_KEY, context)
    return run if isinstance(run, QueryRun) else None


def chain_of(context: Context | None = None) -> str | None:
    """Name the innermost chain that the context (the current one by default) is in."""
    name = otel_context.get_value(CHAIN_KEY, context)
    return name if isinstance(name, str) else None


def current_query() -> QueryRun | None:
    """Give the query this code runs in, None outside of any."""
    return run_of()
