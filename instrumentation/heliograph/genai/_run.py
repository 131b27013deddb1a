"""The query and the chain a piece of code runs in, carried in OpenTelemetry's context."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from opentelemetry import context as otel_context

from heliograph.genai import _sink
from heliograph.genai import vocabulary as v
from heliograph.genai._requests import Requests

if TYPE_CHECKING:
    from opentelemetry.context import Context

__all__ = [
    "CHAIN_KEY",
    "RUN_KEY",
    "PlaceInQuery",
    "QueryIds",
    "QueryRun",
    "RunRegistry",
    "chain_of",
    "current_query",
    "run_of",
]

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


class PlaceInQuery(NamedTuple):
    """Where a call stands in its query, as calls end."""

    call: int
    """This is the query's first, second, … call."""
    cost_so_far_usd: float
    """Of the query, this call included."""
    identical: int | None
    """How often the query has made this very request; None where that is not known."""


@dataclass(slots=True)
class QueryRun:
    """One query while it runs: what `with heliograph.query() as q` gives.

    `trace_id` is 32 hexadecimal digits ("" when nothing traces); `cost_usd` and `llm_calls` grow with every
    call that ended within the query.
    """

    ids: QueryIds
    trace_id: str = ""
    counted_cost: float = 0.0
    """USD of the calls counted so far; `cost_usd` first counts those that have ended."""
    counted_calls: int = 0
    error_type: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    requests: Requests = field(default_factory=Requests, repr=False)
    """What its calls ask, as far as an instrumentor of ours sees it."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    is_query: ClassVar[bool] = True
    """Whether it is a query, and not only a place for the ids of a trace."""

    @property
    def cost_usd(self) -> float:
        """Cost in USD of the calls that have ended; calls of unknown cost add nothing."""
        _settle()
        return self.counted_cost

    @property
    def llm_calls(self) -> int:
        """Calls of models that have ended."""
        _settle()
        return self.counted_calls

    def fail(self, error_type: str) -> None:
        """Count the query as an error although no exception leaves it (a refusal, an apology, a timeout)."""
        self.error_type = error_type

    def add_call(self, cost_usd: float, span_id: int = 0) -> PlaceInQuery:
        """Add one counted call, that of the span."""
        with self._lock:
            self.counted_calls += 1
            self.counted_cost += cost_usd
            return PlaceInQuery(self.counted_calls, self.counted_cost, self.requests.ended(span_id))

    def after_fork(self) -> None:
        """Replace the lock, in a forked child."""
        self._lock = threading.Lock()


class RunRegistry:
    """Queries by trace and by span, for spans that come without their context.

    LangSmith makes its spans on a thread of its own, and the processor meets a query's own span only when it ended.
    """

    _CAPACITY: Final = 4096

    def __init__(self) -> None:
        self._by_trace: OrderedDict[int, QueryRun] = OrderedDict()
        self._by_span: OrderedDict[tuple[int, int], QueryRun] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, span: tuple[int, int], run: QueryRun) -> None:
        """Remember a query by its own span's (trace id, span id); the oldest go when there are too many."""
        with self._lock:
            self._by_trace[span[0]] = run
            self._by_span[span] = run
            while len(self._by_span) > self._CAPACITY:
                self._by_span.popitem(last=False)
            while len(self._by_trace) > self._CAPACITY:
                self._by_trace.popitem(last=False)

    def get(self, trace_id: int) -> QueryRun | None:
        """Find the newest query of the trace."""
        return self._by_trace.get(trace_id)

    def of_span(self, span: tuple[int, int]) -> QueryRun | None:
        """Find the query whose own span this is."""
        return self._by_span.get(span)

    def after_fork(self) -> None:
        """Replace the locks, which another thread of the parent may have held."""
        self._lock = threading.Lock()
        for run in list(self._by_span.values()):
            run.after_fork()


RUNS: Final = RunRegistry()


def _settle() -> None:
    sink = _sink.current()
    if sink is not None:
        sink.settle()


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
