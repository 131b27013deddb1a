"""The counting rules: from one `Call` (or query, or chain) to metrics and events.

Applications run this in their own process; a service can run it on spans of others, since it needs no span
object, only a `Call`, the ids of the query and a span context.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.trace import format_span_id, get_current_span

from heliograph import _clock
from heliograph._version import __version__
from heliograph.genai import vocabulary as v
from heliograph.genai._exemplars import NO_EXEMPLAR, exemplar_of
from heliograph.genai._instruments import Instruments
from heliograph.genai._labels import CAPS, Labels
from heliograph.genai._prices import Prices
from heliograph.genai._sessions import ActiveSessions
from heliograph.genai._sums import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry._logs import LoggerProvider
    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, MeterProvider
    from opentelemetry.trace import SpanContext

    from heliograph.genai._call import Call
    from heliograph.genai._line import MeteringLine
    from heliograph.genai._run import PlaceInQuery, QueryIds, QueryRun
    from heliograph.genai._tool import ToolRun

__all__ = ["CallMeter"]

_log = logging.getLogger(__name__)


class CallMeter:
    """Counts calls, queries and chains. No method raises: a defect here must not reach the application.

    With a `line`, queries and chains are counted behind the calls that are waiting on it. `metered_by` says in each
    event who counted: the application itself, or the meter service.
    """

    def __init__(
        self,
        meter_provider: MeterProvider,
        logger_provider: LoggerProvider,
        *,
        prices: Prices | None = None,
        line: MeteringLine | None = None,
        metered_by: Literal["application", "meter"] = "application",
    ) -> None:
        self.instruments = Instruments(meter_provider)
        self.labels = Labels(self._folded)
        self.line = line
        self._sums = Sums()
        if line is not None:
            line.finish = self._sums.tell
        self._metered_by = metered_by
        self.warmed = False
        """Whether the prices were asked for: a process that calls no model does not load them."""
        self.prices = prices or Prices()
        self.sessions = ActiveSessions()
        self._logger = logger_provider.get_logger("heliograph", __version__)
        self.answering: dict[tuple[str, str], str] = {}
        """Which model answers for a provider and the name that was asked for."""

    def count(
        self,
        call: Call,
        *,
        where: SpanContext,
        ids: QueryIds | None,
        chain: str | None,
        run: QueryRun | None = None,
    ) -> float | None:
        """Count one call, in its query too if it has one; return its cost in USD, None where it is not known."""
        try:
            return self._count(call, where, ids, chain, run)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a call could not be counted", exc_info=True)
            return None

    def count_tool(self, tool: ToolRun, *, chain: str | None) -> None:
        """Count one run of a tool."""
        try:
            self._tool(tool, chain)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a run of a tool could not be counted", exc_info=True)

    def warm(self) -> None:
        """Load the prices while the first call waits for its answer. Once; later calls cost nothing."""
        if not self.warmed:
            self.warmed = True
            # On the line, where calls are priced: two threads importing one package at once can get it half made.
            self._do(self.prices.warm)

    def settle(self) -> None:
        """Have everything counted that has ended so far."""
        if self.line is not None:
            self.line.settle()

    def after_fork(self) -> None:
        """Leave to the parent what it has not told yet."""
        self._sums.forget()
        self.sessions.after_fork()

    def query_started(self, run: QueryRun) -> None:
        """Note that a session is active."""
        if run.ids.session_id is not None:
            self.sessions.touch(run.ids.session_id)

    def query_finished(
        self, run: QueryRun, where: SpanContext, status: str, error_type: str | None, latency: float
    ) -> None:
        """Count one query that took `latency` seconds, after the calls within it."""
        self._do(self._query, run, where, status, error_type, latency, _clock.time_ns())

    def chain_started(self, name: str, context: Context) -> None:
        """Report that a chain began."""
        self._do(self._emit, v.CHAIN_STARTED, f"chain {name} started", {"chain": name}, context, _clock.time_ns())

    def chain_finished(
        self, name: str, where: SpanContext, status: str, error_type: str | None, latency: float
    ) -> None:
        """Count one run of a chain that took `latency` seconds, after the calls within it."""
        self._do(self._chain, name, where, status, error_type, latency, _clock.time_ns())

    def _do(self, work: Callable[..., object], *arguments: object) -> None:
        try:
            if self.line is not None:
                self.line.submit(work, *arguments)
            else:
                work(*arguments)
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("a query or a chain could not be counted", exc_info=True)

    def _folded(self, label: str) -> None:
        self.instruments.labels_folded.add(1, {"label": label}, NO_EXEMPLAR)

    def _tool(self, tool: ToolRun, chain: str | None) -> None:
        labels = {"tool": self.labels.tool(tool.tool), "status": tool.status, "chain": self.labels.chain(chain)}
        if tool.error_type is not None:
            labels["error_type"] = self.labels.error_type(tool.error_type)
        self.instruments.tool_calls.add(1, labels, NO_EXEMPLAR)

    def _count(
        self, call: Call, where: SpanContext, ids: QueryIds | None, chain: str | None, run: QueryRun | None
    ) -> float | None:
        call = self._under_the_answering_model(call)
        cost = self.prices.cost(call)
        place = run.add_call(cost or 0.0, where.span_id) if run is not None else None
        context = exemplar_of(where)
        labels: dict[str, str] = {
            "model": self.labels.model(call.model),
            "provider": self.labels.provider(call.provider),
            "operation": self.labels.operation(call.operation),
            "chain": self.labels.chain(chain),
            "tenant": self.labels.tenant(ids.tenant if ids else None),
        }
        i = self.instruments
        outcome = {**labels, "status": call.status}
        i.latency.record(call.latency, outcome, context)
        if call.error_type is not None:
            outcome["error_type"] = self.labels.error_type(call.error_type)
        self._add(i.requests, 1, outcome)
        self._count_tokens(call, labels, priced=cost is not None)
        if cost is not None:
            i.cost.add(cost, labels, context)
            reason = _waste(call)
            if reason is not None:
                i.wasted_cost.add(cost, {**labels, "reason": reason}, NO_EXEMPLAR)
        if call.time_to_first_token is not None:
            i.time_to_first_token.record(call.time_to_first_token, labels, context)
            per_token = call.time_per_output_token
            if per_token is not None:
                i.time_per_output_token.record(per_token, labels, context)
        self._emit_call(call, context, ids, chain, cost, place if run is not None and run.is_query else None)
        return cost

    def _under_the_answering_model(self, call: Call) -> Call:
        """Return a call that nobody answered under the name with which its model answers otherwise.

        A provider answers `gpt-4o` as `gpt-4o-2024-08-06`, and a failed call has no answer: without this, all
        failures would be one model's and all successes another's, each with an error rate of 100 % or 0 %.
        """
        if call.requested_model is None:
            return call
        key = (call.provider, call.requested_model)
        if call.status == "success":
            if key in self.answering or len(self.answering) < CAPS["model"]:
                self.answering[key] = call.model
            return call
        known = self.answering.get(key)
        return replace(call, model=known) if known and call.model == call.requested_model else call

    def _count_tokens(self, call: Call, labels: dict[str, str], *, priced: bool) -> None:
        i = self.instruments
        for kind, tokens in (("input", call.input_tokens), ("output", call.output_tokens)):
            if tokens:
                typed = {**labels, "type": kind}
                self._add(i.tokens, tokens, typed)
                if call.usage_estimated:
                    self._add(i.estimated_tokens, tokens, typed)
                if not priced:
                    self._add(i.unpriced_tokens, tokens, typed)
        for kind, tokens in (("read", call.cache_read_tokens), ("write", call.cache_write_tokens)):
            if tokens:
                self._add(i.cached_tokens, tokens, {**labels, "type": kind})
        if call.reasoning_tokens:
            self._add(i.reasoning_tokens, call.reasoning_tokens, labels)

    def _add(self, counter: Counter, amount: int, labels: Mapping[str, str]) -> None:
        """Add to a counter; on the line, with the rest of its batch."""
        if self.line is not None:
            self._sums.add(counter, amount, labels)
        else:
            counter.add(amount, labels, NO_EXEMPLAR)

    def _emit_call(  # noqa: PLR0917 - what one call is made of
        self,
        call: Call,
        context: Context,
        ids: QueryIds | None,
        chain: str | None,
        cost: float | None,
        place: PlaceInQuery | None,
    ) -> None:
        # A failed or cancelled call without usage may have cost something or nothing: its cost is absent, not zero.
        unpriced = cost is None and (call.has_usage or call.status == "success")
        said = "unpriced" if unpriced else "cost unknown" if cost is None else f"{cost:.6f} USD"
        self._emit(
            v.LLM_CALL,
            # The span's id makes each line another: Loki keeps one of two equal lines of one moment.
            f"{call.operation} {call.model}: {call.status} in {call.latency:.2f} s, "
            f"{call.input_tokens or 0} + {call.output_tokens or 0} tokens, {said} "
            f"[{format_span_id(get_current_span(context).get_span_context().span_id)}]",
            {
                "model": call.model,
                "provider": call.provider,
                "operation": call.operation,
                "chain": chain,
                "status": call.status,
                "error_type": call.error_type,
                "user_id": ids.user_id if ids else None,
                "session_id": ids.session_id if ids else None,
                "tenant": ids.tenant if ids else None,
                "query_type": ids.query_type if ids else None,
                "prompt_name": call.prompt_name or (ids.prompt_name if ids else None),
                "prompt_version": call.prompt_version or (ids.prompt_version if ids else None),
                "llm_input_tokens": call.input_tokens,
                "llm_output_tokens": call.output_tokens,
                "llm_cached_tokens": call.cache_read_tokens or None,
                "llm_cache_write_tokens": call.cache_write_tokens or None,
                "llm_reasoning_tokens": call.reasoning_tokens or None,
                "llm_cost_usd": cost,
                "llm_latency_seconds": call.latency,
                "llm_time_to_first_token_seconds": call.time_to_first_token,
                "finish_reason": call.finish_reason,
                "response_id": call.response_id,
                "service_tier": call.service_tier,
                "usage_estimated": call.usage_estimated or None,
                "unpriced": unpriced,
                "query_call": place.call if place else None,
                "query_cost_so_far_usd": place.cost_so_far_usd if place else None,
                "identical_calls": place.identical if place else None,
                "metered_by": self._metered_by,
            },
            context,
            call.ended or _clock.time_ns(),
        )

    def _query(  # noqa: PLR0917 - the line hands over positions
        self, run: QueryRun, where: SpanContext, status: str, error_type: str | None, latency: float, ended: int
    ) -> None:
        ids = run.ids
        context = exemplar_of(where)
        labels = {
            "query_type": self.labels.query_type(ids.query_type),
            "tenant": self.labels.tenant(ids.tenant),
            "chain": self.labels.chain(ids.chain),
        }
        i = self.instruments
        i.query_cost.record(run.counted_cost, labels, context)
        i.query_llm_calls.record(run.counted_calls, labels, context)
        outcome = {**labels, "status": status}
        i.query_latency.record(latency, outcome, context)
        if error_type is not None:
            outcome["error_type"] = self.labels.error_type(error_type)
        self._add(i.query_requests, 1, outcome)
        self._emit(
            v.QUERY_FINISHED,
            f"query {ids.query_type}: {status} in {latency:.2f} s, "
            f"{run.counted_calls} calls, {run.counted_cost:.6f} USD",
            {
                "user_id": ids.user_id,
                "session_id": ids.session_id,
                "tenant": ids.tenant,
                "query_type": ids.query_type,
                "chain": ids.chain,
                "status": status,
                "error_type": error_type,
                "query_latency_seconds": latency,
                "query_cost_usd": run.counted_cost,
                "llm_calls": run.counted_calls,
                "identical_calls": run.requests.highest,
            },
            context,
            ended,
        )
        run.requests.forget()

    def _chain(  # noqa: PLR0917 - the line hands over positions
        self, name: str, where: SpanContext, status: str, error_type: str | None, latency: float, ended: int
    ) -> None:
        context = exemplar_of(where)
        labels = {"chain": self.labels.chain(name), "status": status}
        self.instruments.chain_latency.record(latency, labels, context)
        self._emit(
            v.CHAIN_FINISHED,
            f"chain {name} finished: {status} in {latency:.2f} s",
            {"chain": name, "status": status, "error_type": error_type, "chain_latency_seconds": latency},
            context,
            ended,
        )

    def _emit(
        self,
        spec: v.EventSpec,
        body: str,
        attributes: Mapping[str, str | float | bool | None],
        context: Context,
        at: int,
    ) -> None:
        failed = attributes.get("status") == "error"
        said = {name: value for name, value in attributes.items() if value is not None}
        said["event_name"] = spec.name
        try:
            self._logger.emit(
                LogRecord(
                    timestamp=at,
                    observed_timestamp=_clock.time_ns(),
                    context=context,
                    severity_text="WARN" if failed else "INFO",
                    severity_number=SeverityNumber.WARN if failed else SeverityNumber.INFO,
                    body=body,
                    attributes=said,
                    event_name=spec.name,
                )
            )
        except Exception:  # noqa: BLE001 - must not reach the application
            _log.debug("an event could not be emitted", exc_info=True)


def _waste(call: Call) -> str | None:
    if call.status != "success":
        return call.status
    return "blocked" if call.finish_reason in v.BLOCKED_FINISH_REASONS else None
